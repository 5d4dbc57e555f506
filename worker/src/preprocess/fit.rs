//! Finds what the steps of `preprocess` need in the rows that a model is trained on.
//!
//! One pass counts, adds up and collects categories; medians take some more, standard deviations one more. Sums are made block by
//! block in the order of the blocks, so that the result does not depend on the number of threads.

use super::categories::{Categories, Memo};
use super::fitted::{FittedColumn, FittedImpute, FittedOneHot, FittedScale, Preprocess};
use super::order_statistic::{NumberBlocks, medians};
use crate::dataset::read_numbers;
use crate::in_order::parts_in_order;
use crate::numeric::Twofold;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use std::collections::HashMap;
use trainyard_contract::stage::{Impute, ImputeStrategy, OneHot, PreprocessStep, ScaleMethod};

/// A column with more different values than these has no categories but keys or measurements.
pub const DIFFERENT_VALUES_MAX: usize = 100_000;
/// The most columns that one feature becomes.
pub const ONE_HOT_WIDTH_MAX: usize = 1_000;
/// The most encoded features of a model.
pub const ENCODED_FEATURES_MAX: usize = 10_000;
/// So many numbers are added up in plain doubles before they join a twofold sum.
const CHUNK: usize = 64;

/// Features of the rows that a model is trained on, in blocks.
pub trait FeatureBlocks: Sync {
    /// Why a block could not be read.
    type Error: Send;

    /// Number of blocks.
    fn blocks(&self) -> usize;

    /// The training rows of block `block`, of the features with these numbers.
    fn read(&self, block: usize, features: &[usize]) -> Result<Vec<ArrayRef>, Self::Error>;
}

/// Why nothing could be found. Features are named by their number.
#[derive(Debug, PartialEq, Eq)]
pub enum FitProblem<E> {
    /// A block could not be read.
    Read(E),
    /// No training row has a value, so that nothing tells what could fill the missing ones.
    AllMissing(usize),
    /// A column of texts has no mean or median.
    NoNumbers(usize, ImputeStrategy),
    /// The constant for a column of numbers is none.
    ConstantIsNoNumber(usize, String),
    /// More than [`DIFFERENT_VALUES_MAX`] different values.
    TooManyValues(usize),
    /// More than [`ONE_HOT_WIDTH_MAX`] columns.
    TooWide(usize, usize),
    /// More than [`ENCODED_FEATURES_MAX`] encoded features in all.
    TooManyFeatures(usize),
}

/// What is to be found for one feature.
#[derive(Clone, Copy, Default)]
struct Wanted<'a> {
    impute: Option<&'a Impute>,
    one_hot: Option<OneHot>,
    scale: Option<ScaleMethod>,
}

impl Wanted<'_> {
    fn values(&self) -> bool {
        self.one_hot.is_some() || self.strategy() == Some(ImputeStrategy::MostFrequent)
    }

    fn strategy(&self) -> Option<ImputeStrategy> {
        self.impute.map(|impute| impute.strategy)
    }
}

/// Finds what `steps` ask for; `types` are the features' in the dataset.
///
/// # Errors
/// A column that does not give what is asked for.
pub fn fit<B: FeatureBlocks>(
    blocks: &B,
    features: &[String],
    types: &[DataType],
    steps: &[PreprocessStep],
    threads: usize,
) -> Result<Preprocess, FitProblem<B::Error>> {
    let wanted = wanted(features, steps);
    let places: Vec<usize> = wanted.iter().map(|(place, _)| *place).collect();
    if places.is_empty() {
        return Ok(Preprocess::default());
    }
    let texts: Vec<bool> = places.iter().map(|&place| types[place] == DataType::Utf8).collect();
    let tallies = tally(blocks, &places, &wanted, &texts, threads)?;
    let mut columns = Vec::new();
    for (((place, wanted), tally), &is_text) in wanted.iter().zip(&tallies).zip(&texts) {
        columns.push(FittedColumn {
            column: features[*place].clone(),
            impute: impute(*place, wanted, tally, is_text)?,
            one_hot: None,
            scale: None,
        });
    }
    fill_in_medians(blocks, &wanted, &tallies, &mut columns, threads)?;
    for (((place, wanted), tally), column) in wanted.iter().zip(&tallies).zip(&mut columns) {
        if let Some(asked) = &wanted.one_hot {
            column.one_hot = Some(one_hot(*place, *asked, tally, column.impute.as_ref())?);
        }
    }
    scales(blocks, &wanted, &tallies, &mut columns, threads)?;
    let encoded: usize = columns
        .iter()
        .filter_map(|c| c.one_hot.as_ref())
        .map(|c| c.width() - 1)
        .sum();
    if features.len() + encoded > ENCODED_FEATURES_MAX {
        return Err(FitProblem::TooManyFeatures(features.len() + encoded));
    }
    Ok(Preprocess { columns })
}

/// The features that something is done to, in their order.
fn wanted<'a>(features: &[String], steps: &'a [PreprocessStep]) -> Vec<(usize, Wanted<'a>)> {
    let mut of_name: HashMap<&str, Wanted<'a>> = HashMap::new();
    for step in steps {
        for name in &step.columns {
            let wanted = of_name.entry(name).or_default();
            wanted.impute = wanted.impute.or(step.impute.as_ref());
            wanted.one_hot = wanted.one_hot.or(step.one_hot);
            wanted.scale = wanted
                .scale
                .or(step.scale.map(|scale| scale.method.unwrap_or_default()));
        }
    }
    let features = features.iter().enumerate();
    features
        .filter_map(|(place, name)| Some((place, *of_name.get(name.as_str())?)))
        .collect()
}

/// What a column holds.
#[derive(Clone, Debug, Default)]
struct Tally {
    present: u64,
    missing: u64,
    sum: Twofold<f64>,
    least: f64,
    greatest: f64,
    numbers: HashMap<u64, u64>,
    texts: HashMap<String, u64>,
}

impl Tally {
    fn new() -> Self {
        Self {
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            ..Self::default()
        }
    }

    fn add_numbers(&mut self, numbers: &[f64], count_values: bool) {
        self.present += numbers.len() as u64;
        self.sum = self.sum + sum_of(numbers.iter().copied());
        for &number in numbers {
            self.least = self.least.min(number);
            self.greatest = self.greatest.max(number);
        }
        if count_values {
            let mut last: Option<(u64, u64)> = None;
            for &number in numbers {
                let bits = (number + 0.0).to_bits();
                match &mut last {
                    Some((known, rows)) if *known == bits => *rows += 1,
                    _ => {
                        if let Some((known, rows)) = last.replace((bits, 1)) {
                            *self.numbers.entry(known).or_default() += rows;
                        }
                    }
                }
            }
            if let Some((known, rows)) = last {
                *self.numbers.entry(known).or_default() += rows;
            }
        }
    }

    fn add_texts(&mut self, array: &ArrayRef) {
        let array = array.as_string::<i32>();
        let mut memo = Memo::default();
        let mut found: Vec<(&str, u64)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for row in 0..array.len() {
            if array.is_null(row) {
                continue;
            }
            let place = memo.get(array.value(row), |text| {
                *places.entry(text).or_insert_with(|| {
                    found.push((text, 0));
                    found.len() - 1
                })
            });
            found[place].1 += 1;
            self.present += 1;
        }
        for (text, rows) in found {
            if let Some(known) = self.texts.get_mut(text) {
                *known += rows;
            } else {
                self.texts.insert(text.to_owned(), rows);
            }
        }
    }

    fn absorb(&mut self, part: &mut Self) {
        let part = std::mem::replace(part, Self::new());
        self.present += part.present;
        self.missing += part.missing;
        self.sum = self.sum + part.sum;
        self.least = self.least.min(part.least);
        self.greatest = self.greatest.max(part.greatest);
        for (number, rows) in part.numbers {
            *self.numbers.entry(number).or_default() += rows;
        }
        for (text, rows) in part.texts {
            *self.texts.entry(text).or_default() += rows;
        }
    }

    fn rows(&self) -> u64 {
        self.present + self.missing
    }

    fn different(&self) -> usize {
        self.numbers.len() + self.texts.len()
    }
}

/// The sum of numbers, in about 30 digits.
fn sum_of(numbers: impl Iterator<Item = f64>) -> Twofold<f64> {
    let mut numbers = numbers.peekable();
    let mut sum = Twofold::from_single(0.0);
    while numbers.peek().is_some() {
        let chunk: f64 = numbers.by_ref().take(CHUNK).sum();
        sum = sum + Twofold::from_single(chunk);
    }
    sum
}

/// The numbers of `array` that are there.
fn present<'a>(array: &ArrayRef, numbers: &'a mut Vec<f64>) -> Option<&'a [f64]> {
    if !read_numbers(array, numbers) {
        return None;
    }
    if array.null_count() > 0 {
        let mut row = 0;
        numbers.retain(|_| {
            row += 1;
            array.is_valid(row - 1)
        });
    }
    Some(numbers)
}

fn tally<B: FeatureBlocks>(
    blocks: &B,
    places: &[usize],
    wanted: &[(usize, Wanted<'_>)],
    texts: &[bool],
    threads: usize,
) -> Result<Vec<Tally>, FitProblem<B::Error>> {
    let mut all = vec![Tally::new(); places.len()];
    let mut too_many = None;
    parts_in_order(
        blocks.blocks(),
        threads,
        || (Vec::new(), vec![Tally::new(); places.len()]),
        |block, (numbers, part)| {
            let arrays = blocks.read(block, places).map_err(FitProblem::Read)?;
            for (column, array) in arrays.iter().enumerate() {
                let (place, wanted) = &wanted[column];
                part[column].missing += array.null_count() as u64;
                if texts[column] {
                    part[column].add_texts(array);
                } else {
                    let strategy = wanted.strategy().unwrap_or_default();
                    let numbers = present(array, numbers).ok_or(FitProblem::NoNumbers(*place, strategy))?;
                    part[column].add_numbers(numbers, wanted.values());
                }
            }
            Ok(())
        },
        |(_, part)| {
            for (column, part) in part.iter_mut().enumerate() {
                if too_many.is_none() {
                    all[column].absorb(part);
                }
                if all[column].different() > DIFFERENT_VALUES_MAX {
                    too_many.get_or_insert(places[column]);
                }
            }
        },
    )?;
    too_many.map_or(Ok(all), |place| Err(FitProblem::TooManyValues(place)))
}

/// What fills missing cells; a median is found later.
fn impute<E>(
    place: usize,
    wanted: &Wanted<'_>,
    tally: &Tally,
    is_text: bool,
) -> Result<Option<FittedImpute>, FitProblem<E>> {
    let Some(asked) = wanted.impute else { return Ok(None) };
    let strategy = asked.strategy;
    let constant = || asked.value.as_ref().map_or_else(String::new, |value| value.0.clone());
    if tally.present == 0 && strategy != ImputeStrategy::Constant {
        return Err(FitProblem::AllMissing(place));
    }
    let (number, text) = match (strategy, is_text) {
        (ImputeStrategy::Mean | ImputeStrategy::Median, true) => return Err(FitProblem::NoNumbers(place, strategy)),
        (ImputeStrategy::Mean, false) => (Some((tally.sum / whole(tally.present)).to_f64()), None),
        (ImputeStrategy::Median, false) => (Some(0.0), None),
        (ImputeStrategy::MostFrequent, true) => (None, most_frequent(tally.texts.iter()).cloned()),
        (ImputeStrategy::MostFrequent, false) => (most_frequent_number(&tally.numbers), None),
        (ImputeStrategy::Constant, true) => (None, Some(constant())),
        (ImputeStrategy::Constant, false) => match constant().parse() {
            Ok(number) if f64::is_finite(number) => (Some(number), None),
            Ok(_) | Err(_) => return Err(FitProblem::ConstantIsNoNumber(place, constant())),
        },
    };
    Ok(Some(FittedImpute { strategy, number, text }))
}

fn whole(count: u64) -> Twofold<f64> {
    Twofold::from_single(count as f64)
}

/// The value with the most rows, the smallest of several.
fn most_frequent<'a, T: Ord>(values: impl Iterator<Item = (&'a T, &'a u64)>) -> Option<&'a T> {
    let most = values.max_by(|(left, rows), (right, others)| rows.cmp(others).then_with(|| right.cmp(left)));
    most.map(|(value, _)| value)
}

fn most_frequent_number(numbers: &HashMap<u64, u64>) -> Option<f64> {
    let numbers = numbers.iter().map(|(&bits, &rows)| (f64::from_bits(bits), rows));
    let most = numbers.max_by(|(left, rows), (right, others)| rows.cmp(others).then_with(|| right.total_cmp(left)));
    most.map(|(number, _)| number)
}

/// The categories of the imputed column, and which of them share a column.
fn one_hot<E>(
    place: usize,
    asked: OneHot,
    tally: &Tally,
    impute: Option<&FittedImpute>,
) -> Result<FittedOneHot, FitProblem<E>> {
    if tally.present == 0 && impute.is_none() {
        return Err(FitProblem::AllMissing(place));
    }
    let is_text = impute.map_or(!tally.texts.is_empty(), |impute| impute.text.is_some());
    let (categories, rows) = if is_text {
        let mut texts = tally.texts.clone();
        if let Some(fill) = impute
            .and_then(|impute| impute.text.clone())
            .filter(|_| tally.missing > 0)
        {
            *texts.entry(fill).or_default() += tally.missing;
        }
        let mut texts: Vec<(String, u64)> = texts.into_iter().collect();
        texts.sort_unstable();
        let (texts, rows): (Vec<String>, Vec<u64>) = texts.into_iter().unzip();
        (Categories::Texts(texts), rows)
    } else {
        let mut numbers = tally.numbers.clone();
        if let Some(fill) = impute.and_then(|impute| impute.number).filter(|_| tally.missing > 0) {
            *numbers.entry((fill + 0.0).to_bits()).or_default() += tally.missing;
        }
        let numbers = numbers.into_iter().map(|(bits, rows)| (f64::from_bits(bits), rows));
        let mut numbers: Vec<(f64, u64)> = numbers.collect();
        numbers.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (numbers, rows): (Vec<f64>, Vec<u64>) = numbers.into_iter().unzip();
        (Categories::Numbers(numbers), rows)
    };
    let fitted = FittedOneHot {
        infrequent: infrequent(&rows, asked.max_categories),
        categories,
        max_categories: asked.max_categories,
        unknown: asked.unknown.unwrap_or_default(),
    };
    if fitted.width() > ONE_HOT_WIDTH_MAX {
        return Err(FitProblem::TooWide(place, fitted.width()));
    }
    Ok(fitted)
}

/// Which categories share the last column: of equally rare ones those that stand first, and one also where there are just as many
/// categories as columns. So scikit-learn has it (`_BaseEncoder._identify_infrequent`).
fn infrequent(rows: &[u64], max_categories: Option<u32>) -> Vec<usize> {
    let Some(most) = max_categories
        .map(|most| most as usize)
        .filter(|&most| rows.len() >= most)
    else {
        return Vec::new();
    };
    let mut by_rows: Vec<usize> = (0..rows.len()).collect();
    by_rows.sort_by_key(|&place| rows[place]);
    by_rows.truncate(rows.len() - (most - 1));
    by_rows.sort_unstable();
    by_rows
}

/// Blocks as the medians read them.
struct Numbers<'a, B>(&'a B);

impl<B: FeatureBlocks> NumberBlocks for Numbers<'_, B> {
    type Error = FitProblem<B::Error>;

    fn blocks(&self) -> usize {
        self.0.blocks()
    }

    fn numbers(&self, block: usize, columns: &[usize], each: &mut dyn FnMut(usize, &[f64])) -> Result<(), Self::Error> {
        let arrays = self.0.read(block, columns).map_err(FitProblem::Read)?;
        let mut numbers = Vec::new();
        for (place, array) in arrays.iter().enumerate() {
            let no_numbers = FitProblem::NoNumbers(columns[place], ImputeStrategy::Median);
            each(place, present(array, &mut numbers).ok_or(no_numbers)?);
        }
        Ok(())
    }
}

fn fill_in_medians<B: FeatureBlocks>(
    blocks: &B,
    wanted: &[(usize, Wanted<'_>)],
    tallies: &[Tally],
    columns: &mut [FittedColumn],
    threads: usize,
) -> Result<(), FitProblem<B::Error>> {
    let is_median = |column: &usize| wanted[*column].1.strategy() == Some(ImputeStrategy::Median);
    let of: Vec<usize> = (0..wanted.len()).filter(is_median).collect();
    if of.is_empty() {
        return Ok(());
    }
    let places: Vec<usize> = of.iter().map(|&column| wanted[column].0).collect();
    let counts: Vec<u64> = of.iter().map(|&column| tallies[column].present).collect();
    for (&column, median) in of.iter().zip(medians(&Numbers(blocks), &places, &counts, threads)?) {
        if let Some(impute) = &mut columns[column].impute {
            impute.number = Some(median);
        }
    }
    Ok(())
}

/// Centres and scales of the imputed columns.
fn scales<B: FeatureBlocks>(
    blocks: &B,
    wanted: &[(usize, Wanted<'_>)],
    tallies: &[Tally],
    columns: &mut [FittedColumn],
    threads: usize,
) -> Result<(), FitProblem<B::Error>> {
    let mut standard = Vec::new();
    for (column, (place, wanted)) in wanted.iter().enumerate() {
        let (tally, fill) = (&tallies[column], columns[column].impute.as_ref());
        let fill = fill.and_then(|impute| impute.number).filter(|_| tally.missing > 0);
        match wanted.scale {
            None => {}
            Some(_) if tally.present == 0 && fill.is_none() => return Err(FitProblem::AllMissing(*place)),
            Some(method @ ScaleMethod::MinMax) => {
                let ends = [Some(tally.least), Some(tally.greatest), fill].into_iter().flatten();
                let (least, greatest) = ends
                    .filter(|x| x.is_finite())
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), x| {
                        (least.min(x), greatest.max(x))
                    });
                let range = greatest - least;
                columns[column].scale = Some(FittedScale {
                    method,
                    centre: least,
                    scale: if range < 10.0 * f64::EPSILON { 1.0 } else { range },
                });
            }
            Some(ScaleMethod::Standard) => {
                let filled = fill.map_or(Twofold::from_single(0.0), |fill| {
                    Twofold::product_of(fill, tally.missing as f64)
                });
                let rows = if fill.is_some() { tally.rows() } else { tally.present };
                let mean = ((tally.sum + filled) / whole(rows)).to_f64();
                standard.push(Standard {
                    column,
                    place: *place,
                    mean,
                    rows,
                    fill,
                });
            }
        }
    }
    let squares = squares(blocks, &standard, threads)?;
    for (of, squares) in standard.iter().zip(squares) {
        let filled = of.fill.map_or(0.0, |fill| {
            (fill - of.mean) * (fill - of.mean) * tallies[of.column].missing as f64
        });
        let rows = of.rows as f64;
        let variance = (squares + Twofold::from_single(filled)).to_f64() / rows;
        // A column that varies by no more than rounding is constant (scikit-learn's `_is_constant_feature`).
        let rounding = rows * f64::EPSILON * variance + (rows * of.mean * f64::EPSILON).powi(2);
        columns[of.column].scale = Some(FittedScale {
            method: ScaleMethod::Standard,
            centre: of.mean,
            scale: if variance <= rounding { 1.0 } else { variance.sqrt() },
        });
    }
    Ok(())
}

struct Standard {
    column: usize,
    place: usize,
    mean: f64,
    rows: u64,
    fill: Option<f64>,
}

/// The sum of the squared distances from the mean, of the numbers that are there.
fn squares<B: FeatureBlocks>(
    blocks: &B,
    standard: &[Standard],
    threads: usize,
) -> Result<Vec<Twofold<f64>>, FitProblem<B::Error>> {
    let zero = Twofold::from_single(0.0);
    let mut all = vec![zero; standard.len()];
    if standard.is_empty() {
        return Ok(all);
    }
    let places: Vec<usize> = standard.iter().map(|of| of.place).collect();
    parts_in_order(
        blocks.blocks(),
        threads,
        || vec![zero; standard.len()],
        |block, part| {
            Numbers(blocks).numbers(block, &places, &mut |place, numbers| {
                let mean = standard[place].mean;
                part[place] = part[place] + sum_of(numbers.iter().map(|x| (x - mean) * (x - mean)));
            })
        },
        |part| {
            for (to, from) in all.iter_mut().zip(part) {
                *to = *to + std::mem::replace(from, zero);
            }
        },
    )?;
    Ok(all)
}
