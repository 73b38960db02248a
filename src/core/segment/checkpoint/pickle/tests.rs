use proptest::prelude::*;

use super::*;

/// One opcode with arguments that mostly make sense.
fn opcode() -> impl Strategy<Value = Vec<u8>> {
    let plain = prop::sample::select(
        b"(((0012NNNNRRRbaes}}}]]))ttttudlQQ\x81\x92\x93\x94\x94\x85\x85\x86\x86\x87\x87\x88\x89\x8f\x90\x91".to_vec(),
    );
    let small = |op: u8| (0..6_u8).prop_map(move |n| vec![op, n]);
    let name = prop::sample::select(vec![
        "ctorch._utils\n_rebuild_tensor_v2\n",
        "ctorch._utils\n_rebuild_tensor_v3\n",
        "ctorch._utils\n_rebuild_parameter\n",
        "ccollections\nOrderedDict\n",
        "ctorch\nFloatStorage\n",
        "cos\nsystem\n",
    ]);
    let text = prop::sample::select(vec!["storage", "0", "cpu", "state_dict", "w", "module.w"]);
    prop_oneof![
        8 => plain.prop_map(|op| vec![op]),
        3 => prop_oneof![small(b'K'), small(b'q'), small(b'h'), small(0x8a), small(b'C')],
        2 => name.prop_map(|name| name.as_bytes().to_vec()),
        3 => text.prop_map(|text| [&[0x8c, text.len() as u8], text.as_bytes()].concat()),
        1 => prop::collection::vec(any::<u8>(), 1..9),
        // A whole tensor, so that what follows has something to work on.
        1 => Just(
            b"ctorch._utils\n_rebuild_tensor_v2\n((\x8c\x07storagectorch\nFloatStorage\n\x8c\x010\x8c\x03cpuK\x02tQK\x00K\x02\x85K\x01\x85\x89NtR"
                .to_vec()
        ),
    ]
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn streams_of_opcodes_never_panic(ops in prop::collection::vec(opcode(), 0..80), end in any::<bool>()) {
        let mut pickle = ops.concat();
        if end {
            pickle.push(b'.');
        }
        if let Ok(state) = read(&pickle) {
            for tensor in state.values() {
                prop_assert_eq!(tensor.shape.len(), tensor.stride.len());
            }
        }
    }

    #[test]
    fn whole_numbers_are_pythons(n in any::<i64>(), width in 1..9_usize) {
        // LONG1 with as few bytes as Python would write, or more.
        let bytes = n.to_le_bytes();
        let fits = |w: usize| n >> (8 * w - 1) == 0 || n >> (8 * w - 1) == -1;
        let width = (width..8).find(|w| fits(*w)).unwrap_or(8);
        let tensor = |offset: Vec<u8>| {
            let head = b"}\x8c\x01wctorch._utils\n_rebuild_tensor_v2\n((\x8c\x07storagectorch\nFloatStorage\n\x8c\x010\x8c\x03cpuK\x02tQ";
            [head.as_slice(), &offset, b"K\x02\x85K\x01\x85\x89NtRs."].concat()
        };
        let pickle = tensor([&[0x8a, width as u8], &bytes[..width]].concat());
        match read(&pickle) {
            Ok(state) => prop_assert_eq!(i128::from(state["w"].offset), i128::from(n)),
            Err(_) => prop_assert!(n < 0, "a negative offset is refused, {} is not", n),
        }
        if let Ok(small) = i32::try_from(n) {
            let pickle = tensor([b"J".as_slice(), &small.to_le_bytes()].concat());
            prop_assert_eq!(read(&pickle).is_ok(), small >= 0);
        }
    }
}

#[test]
fn the_last_of_two_entries_counts_and_names_lose_module() {
    let tensor = |key: &str| {
        let mut bytes = b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec();
        bytes.extend(b"\x8c\x07storagectorch\nHalfStorage\n\x8c\x01");
        bytes.extend(key.as_bytes());
        bytes.extend(b"\x8c\x03cpuK\x02tQK\x00K\x02\x85K\x01\x85\x89NtR");
        bytes
    };
    let mut pickle = b"}\x8c\x08module.w".to_vec();
    pickle.extend(tensor("1"));
    pickle.extend(b"s\x8c\x08module.w");
    pickle.extend(tensor("2"));
    pickle.extend(b"s.");
    let state = read(&pickle).unwrap();
    assert_eq!(state.keys().collect::<Vec<_>>(), ["w"]);
    assert_eq!((state["w"].key, state["w"].dtype), ("2", "HalfStorage"));
}
