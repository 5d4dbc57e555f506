//! Random changes to inputs, from a seed that replays them.
//!
//! In: a corpus. Out: one input after the other, each a file of the corpus with a few pieces removed, doubled, swapped,
//! overwritten or taken from another file. Small and blind: the guided search is libFuzzer's.

/// Inputs stay below this: faults of a parser need few bytes, and small inputs are quick ones.
const LENGTH_MAX: usize = 4_096;
/// The most changes to one input.
const CHANGES_MAX: usize = 6;
/// The longest piece that is moved at once.
const PIECE_MAX: usize = 32;
/// Bytes that mean something to one of the parsers.
const LIVELY: &[u8] = b"\n\r\t\0 ,;\"'\\{}[]:-+.0159eE&*!|>%#@$()nNa\xef\xbb\xbf\xff\x80";

/// A stream of inputs.
#[derive(Debug)]
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutator<'a> {
    /// The inputs of `seed`. An empty corpus counts as one with an empty file.
    pub fn new(corpus: &'a [Vec<u8>], seed: u64) -> Self {
        // Xorshift never leaves zero.
        Self {
            corpus,
            state: seed ^ 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.file().to_vec();
        for _ in 0..=self.below(CHANGES_MAX) {
            self.change(&mut input);
        }
        input.truncate(LENGTH_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let place = self.below(input.len() + 1);
        match self.below(6) {
            0 => {
                let end = (place + self.below(PIECE_MAX)).min(input.len());
                input.drain(place..end);
            }
            1 => {
                let byte = LIVELY[self.below(LIVELY.len())];
                input.insert(place, byte);
            }
            2 => {
                if let Some(byte) = input.get_mut(place) {
                    *byte ^= 1 << self.below(8);
                }
            }
            3 => {
                let piece = self.piece_of(&input.clone());
                input.splice(place..place, piece);
            }
            4 => {
                let piece = self.piece_of(self.file_after());
                input.splice(place..place, piece);
            }
            _ => input.truncate(place),
        }
    }

    fn piece_of(&mut self, bytes: &[u8]) -> Vec<u8> {
        let start = self.below(bytes.len() + 1);
        let end = (start + self.below(PIECE_MAX)).min(bytes.len());
        bytes[start..end].to_vec()
    }

    fn file(&mut self) -> &'a [u8] {
        self.below(usize::MAX);
        self.file_after()
    }

    /// A file of the corpus that depends on the state alone.
    fn file_after(&self) -> &'a [u8] {
        match self.corpus.len() {
            0 => &[],
            files => &self.corpus[usize::try_from(self.state % files as u64).unwrap_or(0)],
        }
    }

    /// A number below `bound`, which is at least 1.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % bound as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_its_inputs_and_another_gives_others() {
        let corpus = vec![b"age,salary\n25,50000\n".to_vec(), b"a\n\"b\"\n".to_vec()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(&corpus, seed);
            (0..50).map(|_| mutator.next_input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        assert!(inputs(1).iter().all(|input| input.len() <= LENGTH_MAX));
    }

    #[test]
    fn an_empty_corpus_is_enough_to_start_from() {
        let mut mutator = Mutator::new(&[], 7);
        assert!((0..200).any(|_| !mutator.next_input().is_empty()));
    }
}
