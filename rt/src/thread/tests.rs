use super::*;

fn asking(core: Option<usize>, priority: Option<u8>) -> Placement {
    Placement {
        name: "tp-test".into(),
        core,
        priority,
    }
}

#[test]
fn runs_the_body_where_it_was_asked_to() {
    let core = *allowed_cores().last().expect("at least one core");
    let thread = spawn(asking(Some(core), None), |obtained| {
        (obtained.clone(), allowed_cores())
    })
    .unwrap();
    assert_eq!(thread.obtained().core, Some(core));
    let (obtained, cores) = thread.join().unwrap();
    assert_eq!((obtained.core, cores), (Some(core), vec![core]));
    assert_eq!(obtained.priority, None);
}

#[test]
fn a_core_outside_the_mask_is_a_warning_and_never_used() {
    let core = *allowed_cores().first().unwrap();
    let outer = spawn(asking(Some(core), None), move |_| {
        spawn(asking(Some(core + 1), None), |_| allowed_cores())
            .map(|inner| (inner.obtained().clone(), inner.join().unwrap()))
            .unwrap()
    });
    let (obtained, cores) = outer.unwrap().join().unwrap();
    assert_eq!((obtained.core, cores), (None, vec![core]));
    let [warning] = &obtained.warnings[..] else {
        panic!("one warning: {obtained:?}");
    };
    assert!(warning.contains("not among those"), "{warning}");
}

#[test]
fn real_time_priority_is_granted_or_missed_loudly() {
    let thread = spawn(asking(None, Some(5)), |_| ()).unwrap();
    let obtained = thread.obtained().clone();
    thread.join().unwrap();
    assert_eq!(obtained.priority != Some(5), !obtained.warnings.is_empty());
}

#[test]
fn a_priority_that_does_not_exist_is_a_warning() {
    let thread = spawn(asking(None, Some(200)), |_| ()).unwrap();
    assert!(thread.obtained().warnings[0].contains("no real-time priority"));
    thread.join().unwrap();
}

#[test]
fn a_name_no_thread_can_have_is_an_error() {
    let placement = Placement {
        name: "a\0b".into(),
        core: None,
        priority: None,
    };
    let error = spawn(placement, |_| ()).unwrap_err();
    assert!(error.to_string().contains("zero byte"), "{error}");
}

#[test]
fn a_panic_comes_out_of_join() {
    let thread = spawn(asking(None, None), |_| panic!("as the test wants")).unwrap();
    assert!(thread.join().is_err());
}
