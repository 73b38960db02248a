use std::path::Path;

use super::*;

/// Writes the files of a system: paths below its root, and what is in them.
fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

const MEMINFO: (&str, &str) = (
    "proc/meminfo",
    "MemTotal:       24689764 kB\nMemAvailable:   8000000 kB\nCommitLimit:    500000 kB\nCommitted_AS:   450000 kB\n",
);
const STATUS: (&str, &str) =
    ("proc/self/status", "Name:\tvoxpoint\nVmSize:\t  300000 kB\nVmData:\t  100000 kB\n");
/// As on a machine with both kinds of hierarchies.
const MOUNTS: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
    32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
    35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
    41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
const MOUNTS_2: &str = "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";

fn limits(data: &str, space: &str) -> String {
    format!(
        "Limit                     Soft Limit           Hard Limit           Units     \n\
         Max data size             {data}            unlimited            bytes     \n\
         Max address space         {space}            unlimited            bytes     \n"
    )
}

fn limit(text: &str) -> (&str, &str) {
    ("proc/self/limits", text)
}

#[test]
fn the_least_of_all_limits_counts() {
    type Row<'a> = (Vec<(&'a str, &'a str)>, u64, Bound);
    let kb = 1024;
    let unlimited = limits("unlimited", "unlimited");
    let space = limits("unlimited", "409600000");
    let both = limits("153600000", "409600000");
    let below_use = limits("unlimited", "1000");
    let group = [
        ("proc/self/cgroup", "0::/job\n"),
        ("proc/self/mountinfo", MOUNTS_2),
        ("sys/fs/cgroup/job/memory.max", "200000000\n"),
        ("sys/fs/cgroup/job/memory.current", "150000000\n"),
    ];
    let table: Vec<Row> = vec![
        (vec![], UNKNOWN, Bound::Unknown),
        (vec![MEMINFO], 8_000_000 * kb, Bound::Machine),
        (vec![("proc/meminfo", "MemAvailable: much\n")], UNKNOWN, Bound::Unknown),
        (vec![MEMINFO, STATUS, limit(&unlimited)], 8_000_000 * kb, Bound::Machine),
        // 400,000 kB less 300,000 kB of VmSize; 150,000 kB less 100,000 kB of VmData.
        (vec![MEMINFO, STATUS, limit(&space)], 100_000 * kb, Bound::AddressSpace),
        (vec![MEMINFO, STATUS, limit(&both)], 50_000 * kb, Bound::Data),
        (vec![MEMINFO, STATUS, limit(&below_use)], 0, Bound::AddressSpace),
        (vec![MEMINFO, ("proc/sys/vm/overcommit_memory", "2\n")], 50_000 * kb, Bound::Commit),
        (vec![MEMINFO, ("proc/sys/vm/overcommit_memory", "0\n")], 8_000_000 * kb, Bound::Machine),
        ([&[MEMINFO][..], &group].concat(), 50_000_000, Bound::Group),
        ([&[MEMINFO, STATUS, limit(&both)][..], &group].concat(), 50_000_000, Bound::Group),
    ];
    for (files, bytes, bound) in table {
        let free = Free::below(system(&files).path());
        assert_eq!(free, Free { bytes, bound }, "{files:?}");
    }
}

/// The files of a group.
fn group(folder: &str, files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, text)| (format!("{folder}/{name}"), format!("{text}\n"))).collect()
}

/// What the system says a process belongs to, where groups are mounted, the files of groups.
type Groups<'a> = Vec<(&'a str, Vec<(&'static str, String)>)>;

fn version_2(max: &str, current: &str) -> Vec<(&'static str, String)> {
    vec![("memory.max", max.to_owned()), ("memory.current", current.to_owned())]
}

fn version_1(limit: &str, usage: &str) -> Vec<(&'static str, String)> {
    vec![("memory.limit_in_bytes", limit.to_owned()), ("memory.usage_in_bytes", usage.to_owned())]
}

fn with(
    mut files: Vec<(&'static str, String)>,
    name: &'static str,
    text: &str,
) -> Vec<(&'static str, String)> {
    files.push((name, text.to_owned()));
    files
}

/// Checks what the groups of a process leave, as systems tell it in files.
fn check_groups(table: Vec<(&str, &str, &str, Groups, Option<u64>)>) {
    for (what, membership, mounts, groups, expected) in table {
        let mut files = vec![
            ("proc/self/cgroup".to_owned(), membership.to_owned()),
            ("proc/self/mountinfo".to_owned(), mounts.to_owned()),
        ];
        for (folder, group_files) in &groups {
            let named: Vec<_> = group_files.iter().map(|(n, t)| (*n, t.as_str())).collect();
            files.extend(group(folder, &named));
        }
        let files: Vec<_> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let root = system(&files);
        // Limits beyond any machine's memory count as none.
        let left = cgroup::left(root.path()).filter(|&left| left < 1 << 60);
        assert_eq!(left, expected, "{what}");
    }
}

#[test]
fn control_groups_of_version_2_nested_and_from_within() {
    let two = version_2;
    check_groups(vec![
        ("no groups at all", "", "", vec![], None),
        ("no limit", "0::/\n", MOUNTS_2, vec![("sys/fs/cgroup", two("max", "5"))], None),
        ("the root has no files", "0::/\n", MOUNTS_2, vec![], None),
        ("own", "0::/a\n", MOUNTS_2, vec![("sys/fs/cgroup/a", two("1000", "300"))], Some(700)),
        (
            "more used than allowed",
            "0::/a\n",
            MOUNTS_2,
            vec![("sys/fs/cgroup/a", two("10", "30"))],
            Some(0),
        ),
        (
            "the one above is tighter",
            "0::/a/b.slice/c\n",
            MOUNTS_2,
            vec![
                ("sys/fs/cgroup/a", two("1000", "990")),
                ("sys/fs/cgroup/a/b.slice", two("max", "990")),
                ("sys/fs/cgroup/a/b.slice/c", two("500", "90")),
            ],
            Some(10),
        ),
        (
            "high before max",
            "0::/a\n",
            MOUNTS_2,
            vec![("sys/fs/cgroup/a", with(two("1000", "300"), "memory.high", "400"))],
            Some(100),
        ),
        (
            "copies of files go when memory is wanted",
            "0::/a\n",
            MOUNTS_2,
            vec![(
                "sys/fs/cgroup/a",
                with(
                    two("1000", "900"),
                    "memory.stat",
                    "anon 200\nfile 700\ninactive_anon 50\nactive_file 300\ninactive_file 350\nslab 4",
                ),
            )],
            Some(750),
        ),
        (
            "a container's own root, as its process sees it",
            "0::/\n",
            MOUNTS_2,
            vec![("sys/fs/cgroup", two("1000", "400"))],
            Some(600),
        ),
        (
            "a group outside of the namespace",
            "0::/../other\n",
            MOUNTS_2,
            vec![("sys/fs/cgroup", two("1000", "1")), ("sys/fs/other", two("5", "1"))],
            Some(999),
        ),
        (
            "a place with a blank",
            "0::/a\n",
            "30 24 0:26 / /sys/my\\040groups rw - cgroup2 cgroup2 rw\n",
            vec![("sys/my groups/a", two("1000", "1"))],
            Some(999),
        ),
        ("nonsense", "0::\nx\n:::\n", "1 2 - cgroup2\n- \n", vec![], None),
    ]);
}

#[test]
fn control_groups_of_version_1_nested_and_from_within() {
    let (one, none) = (version_1, "9223372036854771712");
    check_groups(vec![
        (
            "a container that is told its path outside",
            "4:memory:/docker/f00\n",
            "35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            vec![("sys/fs/cgroup/memory", one("1000", "400"))],
            Some(600),
        ),
        (
            "a group in such a container",
            "4:memory:/docker/f00/job\n",
            "35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            vec![
                ("sys/fs/cgroup/memory", one("1000", "400")),
                ("sys/fs/cgroup/memory/job", one("300", "20")),
            ],
            Some(280),
        ),
        (
            "a name that only begins alike",
            "4:memory:/docker/f00d\n",
            "35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            vec![("sys/fs/cgroup/memory", one("1000", "400"))],
            Some(600),
        ),
        (
            "version 1 beside an empty version 2",
            "9:name=systemd:/\n4:memory:/a/b\n1:cpu:/\n0::/\n",
            MOUNTS,
            vec![
                ("sys/fs/cgroup/memory", one(none, "99999")),
                ("sys/fs/cgroup/memory/a", one("5000", "1000")),
                ("sys/fs/cgroup/memory/a/b", one(none, "900")),
            ],
            Some(4000),
        ),
        (
            "version 1 with several controllers and copies of files",
            "7:hugetlb,memory:/a\n",
            "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory,hugetlb\n",
            vec![(
                "sys/fs/cgroup/memory/a",
                with(
                    one("5000", "1000"),
                    "memory.stat",
                    "cache 8\ninactive_file 1\ntotal_inactive_file 300\ntotal_active_file 100",
                ),
            )],
            Some(4400),
        ),
    ]);
}

#[test]
fn something_is_left_for_the_rest() {
    let usable = |bytes| Free { bytes, bound: Bound::Machine }.usable();
    assert_eq!([0, RESERVE, RESERVE + 7].map(usable), [0, 0, 7]);
    assert_eq!(usable(10 << 30), 8 << 30);
}

#[test]
fn this_machine_says_what_is_free() {
    let free = Free::now();
    assert!(free.bytes > 0, "{free:?}");
    if Path::new("/proc/self/limits").exists() {
        assert_ne!(free.bound, Bound::Unknown);
    }
    assert_eq!(check(SMALL), Ok(()));
    let short = check(u64::MAX).expect_err("no machine has as much");
    assert_eq!(short.needed, u64::MAX);
}

#[test]
fn the_words_name_need_rest_and_reason() {
    let short = |bound| Short { needed: 1_500_000_000, free: Free { bytes: 340_000, bound } };
    assert_eq!(
        short(Bound::AddressSpace).to_string(),
        "needs 1.5 GB of memory, 340.0 kB of the limit on address space (ulimit -v) are left; raise that limit"
    );
    assert_eq!(
        short(Bound::Machine).to_string(),
        "needs 1.5 GB of memory, 340.0 kB of the machine's free memory are left; close other programs"
    );
}
