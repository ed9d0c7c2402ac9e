//! Many simulated devices in one process, and as many clients at the same time.

use espprov_tests::cli::{Farm, run};

#[test]
fn two_hundred_devices_are_provisioned_at_once() {
    const COUNT: usize = 200;
    let farm = Farm::start(
        COUNT,
        &["--scenario", "zero", "--security", "1", "--pop", "secret"],
    );
    assert_eq!(farm.header, "target,name,pop");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let joined = runtime.block_on(async {
        let mut under_way = tokio::task::JoinSet::new();
        for row in &farm.rows {
            let [target, _, pop] = row.as_slice() else {
                panic!("{row:?}")
            };
            let connect = espprov::connect(target).pop(pop);
            under_way.spawn(async move {
                let mut device = connect.open().await?;
                let joined = device.provision("Home", "correct-horse").await?;
                device.close().await;
                Ok::<_, espprov::Error>(joined.is_confirmed())
            });
        }
        under_way.join_all().await
    });
    let lost: Vec<_> = joined.iter().filter(|end| !matches!(end, Ok(true))).collect();
    assert_eq!(joined.len(), COUNT);
    assert!(lost.is_empty(), "{} lost: {:?}", lost.len(), lost.first());
}

#[test]
fn each_device_has_a_number_a_name_and_credentials_of_its_own() {
    let farm = Farm::start(3, &["--scenario", "zero", "--security", "2"]);
    assert_eq!(farm.header, "target,name,username,password");
    for (index, row) in farm.rows.iter().enumerate() {
        let [target, name, username, password] = row.as_slice() else {
            panic!("{row:?}")
        };
        let ending = format!("{:04}", index + 1);
        assert!(name.ends_with(&format!("_{ending}")), "{name}");
        assert!(password.ends_with(&format!("-{ending}")), "{password}");
        let scan = |password: &str| {
            let scan = ["scan", target, "--username", username, "--password", password];
            run(&[&scan[..], &["--json"]].concat()).code
        };
        assert_eq!(scan(password), 0);
        // Its neighbour's do not open it.
        assert_eq!(scan(&password.replace(&ending, "0009")), 4);
    }
    let targets: std::collections::BTreeSet<_> = farm.rows.iter().map(|row| &row[0]).collect();
    assert_eq!(targets.len(), 3, "{targets:?}");
}

#[test]
fn what_cannot_be_many() {
    for (args, code, said) in [
        (&["--count", "0"][..], 2, "0"),
        (&["--count", "2", "--console"], 2, "--console"),
        (&["--count", "2", "--http", "65535"], 2, "too_many_devices"),
        (
            &["--count", "2", "--security", "1", "--pop", &"x".repeat(250)],
            2,
            "too_long",
        ),
    ] {
        let run = run(&[&["simulate"][..], args].concat());
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stderr.contains(said), "{run:?}");
    }
}
