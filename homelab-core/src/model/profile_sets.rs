//! Chooses sets of profiles to try, so that any two profiles are tried together and apart.

/// Up to this many profiles every set is tried; with more there would be more than 64 sets.
const ALL_UP_TO: usize = 6;

/// Returns every set of up to six profiles. Of more profiles it returns none, all, and a few sets
/// between, so that for any two profiles there is a set with both, with neither, and with each of
/// them alone.
///
/// The smallest sets come first; profiles keep their order.
pub fn profile_sets<'a>(profiles: &[&'a str]) -> Vec<Vec<&'a str>> {
    let count = profiles.len();
    let mut sets = if count <= ALL_UP_TO {
        (0..1_usize << count).map(|set| chosen(profiles, |at| set >> at & 1 == 1)).collect()
    } else {
        covering(profiles)
    };
    sets.sort_by_key(Vec::len);
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
            let sets = profile_sets(&NAMES[..count]);
            assert_eq!(sets.iter().collect::<BTreeSet<_>>().len(), 1 << count);
            assert_eq!((sets[0].len(), sets[sets.len() - 1].len()), (0, count));
        }
    }

    #[test]
    fn of_many_any_two_are_tried_together_and_apart() {
        for count in ALL_UP_TO + 1..=NAMES.len() {
            let names = &NAMES[..count];
            let sets = profile_sets(names);
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
}
