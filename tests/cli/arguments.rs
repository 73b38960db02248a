//! What may be typed.

use clap::Parser as _;
use voxpoint::cli::{
    Cli, CliCommand, DeviceArg, Space, TypedPoint, TypedPrompt, TypedPrompts, View,
};
use voxpoint::geom::DVec3;

use crate::support::{sample, voxpoint};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("voxpoint").chain(line.split(' ')))
}

fn points(arguments: &str) -> Vec<TypedPoint> {
    let line = format!("segment scan.nii {arguments} --out mask.nii.gz");
    match parse(&line).unwrap_or_else(|e| panic!("{line}: {e}")).command {
        Some(CliCommand::Segment(args)) => {
            let TypedPrompts(prompts) = args.prompts;
            let point = |p: TypedPrompt| TypedPoint { at: p.places[0], positive: p.positive };
            prompts.into_iter().map(point).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn points_may_be_negative_and_need_no_sign() {
    let point = |x, y, z, positive| TypedPoint { at: DVec3::new(x, y, z), positive };
    assert_eq!(
        points("--point -12,8,-30.5,+ --point -1,-2,-3,- --point=4,5,6 --point -7,8,9"),
        [
            point(-12.0, 8.0, -30.5, true),
            point(-1.0, -2.0, -3.0, false),
            point(4.0, 5.0, 6.0, true),
            point(-7.0, 8.0, 9.0, true),
        ]
    );
    assert_eq!(points("--point 1e1,-0.5,.25,+")[0].at, DVec3::new(10.0, -0.5, 0.25));
}

#[test]
fn points_that_make_no_sense_are_refused() {
    for bad in
        ["1,2", "1,2,3,4", "1,2,3,x", "a,2,3", "NaN,0,0", "0,inf,0", "0,0,-inf,+", "", ",,", "+"]
    {
        let line = ["voxpoint", "segment", "s.nii", "--point", bad, "--out", "m.nii"];
        assert!(Cli::try_parse_from(line).is_err(), "{bad}");
    }
}

#[test]
fn the_window_takes_a_model() {
    let cli = parse("scan.nii.gz --model sam_med3d_turbo.pth").unwrap();
    assert_eq!(cli.model.unwrap().to_str(), Some("sam_med3d_turbo.pth"));
    assert_eq!(cli.files.len(), 1);
    let line =
        "scan.nii --model https://gpu.example --server-ca ca.pem --key-file key --plain-http";
    let cli = parse(line).unwrap();
    assert_eq!(cli.server.server_ca.unwrap().to_str(), Some("ca.pem"));
    assert!(cli.server.key_file.is_some() && cli.server.plain_http);
    let late = parse("--model m.pth info scan.nii").unwrap();
    assert!(late.command.is_none() && late.files.len() == 2, "a command comes first");
}

#[test]
fn the_model_is_chosen_alike_by_every_command_that_runs_it() {
    for command in [
        "segment s.nii --point 1,2,3 --out m.nii",
        "eval folder",
        "embed s.nii --point 1,2,3 --out e.npy",
        "bench model",
    ] {
        let line = format!("{command} --model m.pth --device cpu --threads 3");
        let model = match parse(&line).unwrap().command {
            Some(CliCommand::Segment(args)) => args.model,
            Some(CliCommand::Eval(args)) => args.model,
            Some(CliCommand::Embed(args)) => args.model,
            Some(CliCommand::Bench(args)) => args.model,
            other => panic!("{other:?}"),
        };
        assert_eq!((model.device, model.threads), (DeviceArg::Cpu, Some(3)), "{line}");
        assert_eq!(model.model.unwrap().to_str(), Some("m.pth"), "{line}");
        assert!(parse(&format!("{command} --threads 0")).is_err(), "{command}");
    }
}

#[test]
fn defaults_are_those_of_the_manual() {
    let Some(CliCommand::Segment(args)) =
        parse("segment s.nii --point 1,2,3 --out m.nii").unwrap().command
    else {
        panic!()
    };
    assert_eq!(args.space, Space::World);
    assert!(args.model.threads.is_none() && args.model.model.is_none() && !args.json);
    assert!(args.threshold == 0.5 && !args.extend);
    let Some(CliCommand::Render(args)) = parse("render s.nii --out p.png").unwrap().command else {
        panic!()
    };
    assert_eq!((args.view, args.size), (None, None));
    let line =
        "render s.nii --view 3d --at -1,-2,3.5 --window -600,1500 --size 640x480 --out p.png";
    let Some(CliCommand::Render(args)) = parse(line).unwrap().command else { panic!() };
    assert_eq!(args.at, Some(DVec3::new(-1.0, -2.0, 3.5)));
    let window = args.slices.window.unwrap();
    assert_eq!((window.centre, window.width), (-600.0, 1500.0));
    assert_eq!((args.view, args.size), (Some(View::Volume), Some([640, 480])));
}

#[test]
fn a_file_called_like_a_command_is_opened_with_its_folder() {
    let cli = parse("./info").unwrap();
    assert!(cli.command.is_none());
    assert_eq!(cli.files, [std::path::PathBuf::from("./info")]);
    let cli = parse("scan.nii.gz info").unwrap();
    assert!(cli.command.is_none() && cli.files.len() == 2);
    assert!(Cli::try_parse_from(["voxpoint"]).unwrap().files.is_empty());
}

#[test]
fn wrong_usage_is_exit_code_2_and_one_line() {
    let scan = sample("ct_thorax_cta.nii.gz");
    let scan = scan.to_str().unwrap();
    for arguments in [
        vec!["info"],
        vec!["info", scan, "--nonsense"],
        vec!["segment", scan, "--point", "1,2,3"],
        vec!["segment", scan, "--out", "/tmp/m.nii.gz"],
        vec!["segment", scan, "--point", "1,2", "--out", "/tmp/m.nii.gz"],
        vec!["segment", scan, "--point", "1,2,NaN", "--out", "/tmp/m.nii.gz"],
        vec!["segment", scan, "--point", "1,2,3", "--threads", "0", "--out", "/tmp/m.nii.gz"],
        vec!["segment", scan, "--point", "1,2,3", "--device", "tpu", "--out", "/tmp/m.nii.gz"],
        vec!["segment", scan, "--point", "1,2,3", "--threshold", "1", "--out", "/tmp/m.nii.gz"],
        vec!["segment", scan, "--point", "1,2,3", "--threshold", "NaN", "--out", "/tmp/m.nii.gz"],
        vec!["segment", scan, "--point", "1,2,3", "--out", "/tmp/m.txt"],
        vec!["render", scan, "--size", "0x10", "--out", "/tmp/p.png"],
        vec!["render", scan, "--window", "40,0", "--out", "/tmp/p.png"],
        vec!["render", scan, "--view", "top", "--out", "/tmp/p.png"],
        vec!["render", scan, "--out", "/tmp/p.jpg"],
        vec!["compare", scan, scan, "--label", "0"],
        vec!["segment", scan, "--point", "1,2,3", "--time-point", "0", "--out", "/tmp/m.nii.gz"],
        vec!["render", scan, "--time-point", "0", "--out", "/tmp/p.png"],
        vec!["model", "download", "--url", "ftp://example.org/m.pth"],
        vec!["model", "download", "--url", "https://example.org/m.zip"],
        vec!["model", "download", "--sha256", "abc"],
        vec![scan, "--key-file", "key"],
        vec![scan, "--model", "models/demo", "--server-ca", "ca.pem"],
        vec![scan, "--model", "https://gpu.example", "--server-pin", "12"],
        vec![scan, "--model", "https://gpu.example", "--send-voxels"],
    ] {
        voxpoint(&arguments).failed(2);
    }
}

#[test]
fn the_first_click_must_be_inside() {
    let folder = tempfile::tempdir().unwrap();
    let (scan, out) = (sample("ct_thorax_cta.nii.gz"), folder.path().join("m.nii.gz"));
    let arguments = ["segment", scan.to_str().unwrap(), "--point", "8.7,179.2,751.7,-", "--out"];
    let mut arguments = arguments.to_vec();
    arguments.push(out.to_str().unwrap());
    let run = voxpoint(&arguments);
    assert!(run.failed(2).contains("inside"), "{run:?}");
    assert!(!out.exists());
}

#[test]
fn help_and_version_succeed() {
    for arguments in [vec!["--help"], vec!["--version"], vec!["segment", "--help"]] {
        let run = voxpoint(&arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{run:?}");
    }
    let run = voxpoint(&["runtime"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("install"), "{run:?}");
}

#[test]
fn without_a_display_the_window_says_what_works_instead() {
    let run = voxpoint(&[sample("ct_thorax_cta.nii.gz")]);
    let error = run.failed(1);
    assert!(error.contains("display") && error.contains("voxpoint segment"), "{error}");
    let run = voxpoint(&["no-such-scan.nii.gz"]);
    assert!(run.failed(1).contains("no-such-scan.nii.gz"), "{run:?}");
}
