use std::net::TcpListener;

use super::*;

#[test]
fn a_small_packed_answer_that_is_huge_is_given_up_early() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0u8; 1 << 20];
    for _ in 0..64 {
        io::Write::write_all(&mut packed, &zeros).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 100_000);
    let address: ServerAddress = "http://localhost:1".parse().unwrap();
    let agent = agent(&address, &RemotePatience::default(), None, Clock::default());
    let (url, patience) = (address.to_string(), Duration::ZERO);
    let job = |most| Job {
        agent: agent.clone(),
        address: address.clone(),
        url: url.clone(),
        body: None,
        headers: Vec::new(),
        key: None,
        most,
        patience,
        packed: true,
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    let mut counted = Counted { reader: packed.as_slice(), count: 0 };
    let found = job(1 << 20).read(&headers, &mut counted);
    assert!(matches!(found, Err(Trouble::Final(RemoteError::TooLarge { .. }))));
    assert!(counted.count < packed.len() as u64, "{}", counted.count);
    let whole = job(64 << 20).read(&headers, packed.as_slice());
    assert!(whole.is_ok_and(|(body, came)| body.len() == 64 << 20 && came == packed.len() as u64));
}

/// A server that takes a part of a body, and then nothing more.
fn takes(part: usize) -> (u16, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let run = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut taken = 0;
        let mut piece = vec![0; 1 << 16];
        while taken < part {
            taken += stream.read(&mut piece).unwrap();
        }
        // Longer than what is sent is shown after.
        std::thread::sleep(MOMENT * 2);
        loop {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return taken,
                Ok(more) => taken += more,
            }
        }
    };
    (port, std::thread::spawn(run))
}

#[test]
fn what_is_being_sent_is_told_and_can_be_stopped_in_the_middle() {
    // More than the system keeps for a connection.
    let (part, all) = (1 << 20, 64 << 20);
    let (port, server) = takes(part);
    let served = ServedModel::at(format!("http://localhost:{port}").parse().unwrap());
    let (watch, cancel) = (served.watch.clone(), CancelToken::new());
    let mut http = Http::new(&served).unwrap();
    let body = Arc::new(Outgoing::numbers(vec![7; all]));
    let stop = cancel.clone();
    let sending = std::thread::spawn(move || {
        let call = HttpCall::new("/x", Some(&body), 1, Duration::from_secs(20));
        let begin = Instant::now();
        (http.ask(&HttpCall { again: false, ..call }, &cancel).err(), begin.elapsed())
    });
    let seen = (0..2000).find_map(|_| {
        std::thread::sleep(LOOK);
        watch.sending()
    });
    let (done, total) = seen.expect("it is told");
    assert_eq!(total, all as u64);
    assert!(done >= part as u64 && done < total, "{done}");
    stop.cancel();
    let (error, took) = sending.join().unwrap();
    assert!(matches!(error, Some(RemoteError::Cancelled)), "{error:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(watch.sending(), None);
    let taken = server.join().unwrap();
    assert!(taken < all, "the rest was not sent: {taken}");
}
