//! The page about security lists what the operator may do, line for line.

#[test]
fn the_page_about_security_has_every_right() {
    let decided = include_str!("golden/rights.txt");
    let page = include_str!("../../docs/security.md");
    let listed = page
        .split("```")
        .find(|block| block.contains("batch/jobs: "))
        .expect("a block of rights");
    let rights = |text: &'static str| {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
    };
    assert_eq!(
        rights(listed).collect::<Vec<_>>(),
        rights(decided).collect::<Vec<_>>(),
        "docs/security.md"
    );
}
