//! A pickle as it is written: the instructions of the machine that will read it.

/// The opcodes used, by their names in Python's `pickletools`.
pub(super) mod op {
    pub(in crate::model::pickle) const MARK: u8 = b'(';
    pub(in crate::model::pickle) const STOP: u8 = b'.';
    pub(in crate::model::pickle) const NONE: u8 = b'N';
    pub(in crate::model::pickle) const REDUCE: u8 = b'R';
    pub(in crate::model::pickle) const BUILD: u8 = b'b';
    pub(in crate::model::pickle) const GLOBAL: u8 = b'c';
    pub(in crate::model::pickle) const BINFLOAT: u8 = b'G';
    pub(in crate::model::pickle) const BINUNICODE: u8 = b'X';
    pub(in crate::model::pickle) const LONG1: u8 = 0x8a;
    pub(in crate::model::pickle) const EMPTY_LIST: u8 = b']';
    pub(in crate::model::pickle) const APPENDS: u8 = b'e';
    pub(in crate::model::pickle) const EMPTY_TUPLE: u8 = b')';
    pub(in crate::model::pickle) const TUPLE1: u8 = 0x85;
    pub(in crate::model::pickle) const TUPLE2: u8 = 0x86;
    pub(in crate::model::pickle) const TUPLE3: u8 = 0x87;
    pub(in crate::model::pickle) const NEWFALSE: u8 = 0x89;
    pub(in crate::model::pickle) const EMPTY_DICT: u8 = b'}';
    pub(in crate::model::pickle) const SETITEMS: u8 = b'u';
    pub(in crate::model::pickle) const PROTO: u8 = 0x80;
}

/// A pickle being written. Each method pushes one value on the stack of the machine that will read it.
pub(super) struct Pickle(Vec<u8>);

impl Pickle {
    pub(super) fn new() -> Self {
        Self(vec![op::PROTO, 2])
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.op(op::STOP);
        self.0
    }

    pub(super) fn op(&mut self, op: u8) {
        self.0.push(op);
    }

    /// Something that the reader imports.
    pub(super) fn global(&mut self, module: &str, name: &str) {
        self.op(op::GLOBAL);
        self.0.extend_from_slice(format!("{module}\n{name}\n").as_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.op(op::BINUNICODE);
        // A label or a column's name is far below 4 GiB: records are bounded.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn float(&mut self, number: f64) {
        self.op(op::BINFLOAT);
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    pub(super) fn integer(&mut self, number: i64) {
        let bytes = number.to_le_bytes();
        self.0.extend_from_slice(&[op::LONG1, 8]);
        self.0.extend_from_slice(&bytes);
    }

    pub(super) fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.op(op::EMPTY_LIST);
        self.op(op::MARK);
        for one in items {
            item(self, one);
        }
        self.op(op::APPENDS);
    }

    /// `numpy.array([...], dtype)`
    pub(super) fn array<T>(&mut self, dtype: &str, items: &[T], item: impl FnMut(&mut Self, &T)) {
        self.global("numpy", "array");
        self.list(items, item);
        self.text(dtype);
        self.op(op::TUPLE2);
        self.op(op::REDUCE);
    }

    /// `module.name()`, with attributes set behind the constructor's back: so a parameter has its value in every scikit-learn.
    pub(super) fn object(&mut self, module: &str, name: &str, attributes: impl FnOnce(&mut Self)) {
        self.global(module, name);
        self.op(op::EMPTY_TUPLE);
        self.op(op::REDUCE);
        self.set(attributes);
    }

    /// Sets attributes of the estimator that was pushed last.
    pub(super) fn set(&mut self, attributes: impl FnOnce(&mut Self)) {
        self.op(op::EMPTY_DICT);
        self.op(op::MARK);
        attributes(self);
        self.text("_sklearn_version");
        self.global("sklearn", "__version__");
        self.op(op::SETITEMS);
        self.op(op::BUILD);
    }

    /// `estimator.fit(table)`
    pub(super) fn fitted(&mut self, table: impl FnOnce(&mut Self), estimator: impl FnOnce(&mut Self)) {
        self.global("operator", "methodcaller");
        self.text("fit");
        table(self);
        self.op(op::TUPLE2);
        self.op(op::REDUCE);
        estimator(self);
        self.op(op::TUPLE1);
        self.op(op::REDUCE);
    }

    /// `module.name(argument)`
    pub(super) fn call(&mut self, module: &str, name: &str, argument: impl FnOnce(&mut Self)) {
        self.global(module, name);
        argument(self);
        self.op(op::TUPLE1);
        self.op(op::REDUCE);
    }

    /// An array of float64.
    pub(super) fn numbers(&mut self, numbers: &[f64]) {
        self.array("float64", numbers, |p, &number| p.float(number));
    }

    /// An array of texts.
    pub(super) fn texts(&mut self, texts: &[String]) {
        self.array("object", texts, |p, text| p.text(text));
    }
}
