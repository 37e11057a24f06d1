//! Chooses sets of profiles to try, so that any two profiles are tried together and apart.

use indexmap::IndexSet;

/// Up to this many profiles every set is tried; with more there would be more than 64 sets.
const ALL_UP_TO: usize = 6;

/// Returns the sets to try; of each group in `exclusive` a set has one profile at most.
///
/// These are every set of up to six profiles. Of more profiles it returns none, all, and a few sets
/// between, so that for any two profiles there is a set with both, with neither, and with each of
/// them alone. A set with several profiles of a group is tried with each of them.
///
/// The smallest sets come first; profiles keep their order.
pub fn profile_sets<'a>(profiles: &[&'a str], exclusive: &[Vec<&str>]) -> Vec<Vec<&'a str>> {
    let count = profiles.len();
    let sets = if count <= ALL_UP_TO {
        (0..1_usize << count).map(|set| chosen(profiles, |at| set >> at & 1 == 1)).collect()
    } else {
        covering(profiles)
    };
    let sets: IndexSet<_> = sets.iter().flat_map(|it| apart(it, exclusive)).collect();
    let mut sets: Vec<_> = sets.into_iter().collect();
    sets.sort_by_key(Vec::len);
    sets
}

/// Returns the largest sets of these profiles that have one of each group in `exclusive` at most.
pub fn apart<'a>(profiles: &[&'a str], exclusive: &[Vec<&str>]) -> Vec<Vec<&'a str>> {
    let mut sets = vec![profiles.to_vec()];
    for group in exclusive {
        let split = |set: Vec<&'a str>| {
            let (of_group, others): (Vec<_>, Vec<_>) =
                set.iter().copied().partition(|it| group.contains(it));
            if of_group.len() < 2 {
                return vec![set];
            }
            let with = |one: &&str| {
                let is_in = |it: &&&str| *it == one || others.contains(it);
                set.iter().filter(is_in).copied().collect()
            };
            of_group.iter().map(with).collect()
        };
        sets = sets.into_iter().flat_map(split).collect();
    }
    sets
}

/// Puts each profile into more than half of the sets between none and all, and no two profiles into
/// the same ones. So any two share a set, and each has one without the other (Kleitman and
/// Spencer's covering array).
fn covering<'a>(profiles: &[&'a str]) -> Vec<Vec<&'a str>> {
    let codes = |sets: u32| (0..1_usize << sets).filter(move |it| it.count_ones() == sets / 2 + 1);
    let mut between = 1;
    while codes(between).count() < profiles.len() {
        between += 1;
    }
    let codes: Vec<_> = codes(between).collect();
    let mut sets: Vec<_> =
        (0..between).map(|set| chosen(profiles, |at| codes[at] >> set & 1 == 1)).collect();
    sets.extend([Vec::new(), profiles.to_vec()]);
    sets
}

fn chosen<'a>(profiles: &[&'a str], is_on: impl Fn(usize) -> bool) -> Vec<&'a str> {
    profiles.iter().enumerate().filter(|(at, _)| is_on(*at)).map(|(_, it)| *it).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NAMES: [&str; 20] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
        "s", "t",
    ];

    #[test]
    fn few_profiles_are_tried_in_every_set() {
        for count in 0..=ALL_UP_TO {
            let sets = profile_sets(&NAMES[..count], &[]);
            assert_eq!(sets.iter().collect::<BTreeSet<_>>().len(), 1 << count);
            assert_eq!((sets[0].len(), sets[sets.len() - 1].len()), (0, count));
        }
    }

    #[test]
    fn of_many_any_two_are_tried_together_and_apart() {
        for count in ALL_UP_TO + 1..=NAMES.len() {
            let names = &NAMES[..count];
            let sets = profile_sets(names, &[]);
            assert!(sets.len() <= 9, "{count} profiles: {} sets", sets.len());
            assert_eq!((sets[0].len(), sets[sets.len() - 1].len()), (0, count));
            for (at, a) in names.iter().enumerate() {
                for b in &names[..at] {
                    let tried: BTreeSet<_> =
                        sets.iter().map(|it| (it.contains(a), it.contains(b))).collect();
                    assert_eq!(tried.len(), 4, "{a} and {b} of {count}: {tried:?}");
                }
            }
        }
    }

    #[test]
    fn of_a_group_one_at_most_is_tried() {
        let exclusive = [vec!["a", "c"]];
        let few = profile_sets(&NAMES[..3], &exclusive);
        assert_eq!(few.len(), 6, "{few:?}");
        for sets in [few, profile_sets(&NAMES, &exclusive)] {
            assert!(!sets.iter().any(|it| it.contains(&"a") && it.contains(&"c")), "{sets:?}");
            for pair in [["a", "b"], ["b", "c"]] {
                assert!(sets.iter().any(|it| pair.iter().all(|one| it.contains(one))), "{sets:?}");
            }
        }
        assert_eq!(apart(&["a", "b", "c"], &exclusive), [["a", "b"], ["b", "c"]]);
    }
}
