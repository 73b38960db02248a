//! The stack machine: protocols 2 to 5, in as far as `torch.save` writes them.

use std::collections::HashMap;

use super::reader::ByteReader;
use super::value::{Global, Heap, Value};
use super::{MAX_NAME, PickleError};

/// Values alive at once, in the stack, the memo and containers: at most some 250 MB. SAM-Med3D with its
/// optimiser has 20 thousand.
const MAX_VALUES: usize = 2 << 20;

pub(super) struct Machine<'a> {
    input: ByteReader<'a>,
    stack: Vec<Value<'a>>,
    /// Lengths of the stack at each open mark.
    marks: Vec<usize>,
    memo: HashMap<u64, Value<'a>>,
    heap: Heap<'a>,
    /// Values in containers.
    kept: usize,
}

impl<'a> Machine<'a> {
    pub(super) fn new(pickle: &'a [u8]) -> Self {
        Self {
            input: ByteReader::new(pickle),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            heap: Heap::default(),
            kept: 0,
        }
    }

    /// Reads to the end; gives the one value that the pickle makes.
    pub(super) fn run(mut self) -> Result<(Value<'a>, Heap<'a>), PickleError> {
        loop {
            let op = self.input.byte()?;
            if op == b'.' {
                return Ok((self.pop()?, self.heap));
            }
            let known = self.scalar(op)?
                || self.container(op)?
                || self.fill(op)?
                || self.memory(op)?
                || self.call(op)?;
            if !known {
                let what = format!("the opcode 0x{op:02x} is not one that torch.save writes");
                return Err(self.input.damaged(what));
            }
            let alive = self.stack.len() + self.marks.len() + self.memo.len() + self.kept;
            if alive > MAX_VALUES {
                let what = format!("more than {MAX_VALUES} values");
                return Err(PickleError::TooLarge(what));
            }
        }
    }

    /// Pushes a number, a text, or something opaque that has no parts.
    fn scalar(&mut self, op: u8) -> Result<bool, PickleError> {
        let input = &mut self.input;
        let value = match op {
            // PROTO and FRAME say nothing that matters here.
            0x80 => {
                input.take(1)?;
                return Ok(true);
            }
            0x95 => {
                input.take(8)?;
                return Ok(true);
            }
            // NONE, NEWTRUE, NEWFALSE, EMPTY_LIST, EMPTY_SET
            b'N' | 0x88 | 0x89 | b']' | 0x8f => Value::Opaque,
            // BININT is the only signed one.
            b'J' => Value::Int(i64::from(input.number(4)? as u32 as i32)),
            b'K' => Value::Int(input.number(1)? as i64),
            b'M' => Value::Int(input.number(2)? as i64),
            // LONG1, LONG4
            0x8a => long(input.counted(1)?),
            0x8b => long(input.counted(4)?),
            // BINFLOAT
            b'G' => {
                input.take(8)?;
                Value::Opaque
            }
            // SHORT_BINSTRING, SHORT_BINUNICODE; BINSTRING, BINUNICODE; BINUNICODE8
            b'U' | 0x8c => text(input.counted(1)?),
            b'T' | b'X' => text(input.counted(4)?),
            0x8d => text(input.counted(8)?),
            // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
            b'C' => opaque(input.counted(1)?),
            b'B' => opaque(input.counted(4)?),
            0x8e | 0x96 => opaque(input.counted(8)?),
            _ => return Ok(false),
        };
        self.stack.push(value);
        Ok(true)
    }

    /// Makes tuples, dictionaries, lists and sets; the last two are opaque.
    fn container(&mut self, op: u8) -> Result<bool, PickleError> {
        match op {
            b'(' => self.marks.push(self.stack.len()),
            // EMPTY_TUPLE, TUPLE1 to TUPLE3, TUPLE
            b')' => self.tuple(self.stack.len()),
            0x85..=0x87 => {
                let start = self.stack.len().checked_sub(usize::from(op - 0x84));
                let start = start.filter(|s| *s >= self.floor());
                self.tuple(start.ok_or_else(|| self.empty())?);
            }
            b't' => {
                let start = self.unmark()?;
                self.tuple(start);
            }
            b'}' => {
                let dict = self.new_dict();
                self.stack.push(dict);
            }
            // DICT
            b'd' => {
                let start = self.unmark()?;
                let dict = self.new_dict();
                self.set_items(dict, start)?;
                self.stack.push(dict);
            }
            // LIST, FROZENSET
            b'l' | 0x91 => {
                let start = self.unmark()?;
                self.stack.truncate(start);
                self.stack.push(Value::Opaque);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Puts things into containers and objects.
    fn fill(&mut self, op: u8) -> Result<bool, PickleError> {
        match op {
            // SETITEM
            b's' => {
                let start = self.stack.len().checked_sub(2).filter(|s| *s >= self.floor());
                self.set_items_below(start.ok_or_else(|| self.empty())?)?;
            }
            // SETITEMS
            b'u' => {
                let start = self.unmark()?;
                self.set_items_below(start)?;
            }
            // APPEND, and BUILD, whose state says nothing about tensors
            b'a' | b'b' => {
                self.pop()?;
                self.top()?;
            }
            // APPENDS, ADDITEMS
            b'e' | 0x90 => {
                let start = self.unmark()?;
                self.stack.truncate(start);
                self.top()?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The memo, and the stack itself.
    fn memory(&mut self, op: u8) -> Result<bool, PickleError> {
        match op {
            // BINPUT, LONG_BINPUT, MEMOIZE
            b'q' | b'r' | 0x94 => {
                let index = match op {
                    b'q' => self.input.number(1)?,
                    b'r' => self.input.number(4)?,
                    _ => self.memo.len() as u64,
                };
                let value = self.top()?;
                self.memo.insert(index, value);
            }
            // BINGET, LONG_BINGET
            b'h' | b'j' => {
                let index = self.input.number(if op == b'h' { 1 } else { 4 })?;
                let value = self.memo.get(&index).copied();
                let value =
                    value.ok_or_else(|| self.input.damaged("nothing is remembered here"))?;
                self.stack.push(value);
            }
            // POP, POP_MARK, DUP
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                let start = self.unmark()?;
                self.stack.truncate(start);
            }
            b'2' => {
                let value = self.top()?;
                self.stack.push(value);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Names, and calls of them: none is made, a few are understood.
    fn call(&mut self, op: u8) -> Result<bool, PickleError> {
        let value = match op {
            // GLOBAL
            b'c' => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                match (std::str::from_utf8(module), std::str::from_utf8(name)) {
                    (Ok(module), Ok(name)) => Value::Global(Global::named(module, name)),
                    _ => Value::Global(Global::Other),
                }
            }
            // STACK_GLOBAL
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => {
                    Value::Global(Global::named(module, name))
                }
                _ => Value::Global(Global::Other),
            },
            // REDUCE and NEWOBJ: callable, arguments
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.reduce(callable, arguments)?
            }
            // NEWOBJ_EX: class, arguments, keywords
            0x92 => {
                let (_keywords, arguments, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.reduce(class, arguments)?
            }
            // BINPERSID
            b'Q' => {
                let id = self.pop()?;
                let storage = self.heap.storage_of(id);
                let storage = storage.ok_or_else(|| self.input.damaged("not a storage"))?;
                let number = index(self.heap.storages.len());
                self.heap.storages.push(storage);
                self.kept += 2;
                Value::Storage(number)
            }
            _ => return Ok(false),
        };
        self.stack.push(value);
        Ok(true)
    }

    fn reduce(&mut self, callable: Value<'a>, args: Value<'a>) -> Result<Value<'a>, PickleError> {
        Ok(match callable {
            Value::Global(Global::RebuildTensor) => {
                let tensor = self.heap.tensor_of(args);
                let tensor = tensor.ok_or_else(|| self.input.damaged("not a tensor"))?;
                self.kept += 4 + tensor.shape.len();
                let number = index(self.heap.tensors.len());
                self.heap.tensors.push(tensor);
                Value::Tensor(number)
            }
            Value::Global(Global::RebuildParameter) => {
                let first = self.heap.tuple(args).and_then(|args| args.first().copied());
                first.unwrap_or(Value::Opaque)
            }
            Value::Global(Global::OrderedDict) => self.new_dict(),
            _ => Value::Opaque,
        })
    }

    /// The stack's height that an operation may not reach below: the last mark's.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn empty(&self) -> PickleError {
        self.input.damaged("nothing is on the stack")
    }

    fn top(&self) -> Result<Value<'a>, PickleError> {
        let above = self.stack.get(self.floor()..).and_then(|s| s.last().copied());
        above.ok_or_else(|| self.empty())
    }

    fn pop(&mut self) -> Result<Value<'a>, PickleError> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    /// Closes the last mark; gives the place on the stack where it stood.
    fn unmark(&mut self) -> Result<usize, PickleError> {
        self.marks.pop().ok_or_else(|| self.input.damaged("no mark is open"))
    }

    /// Takes the stack from `start` on into a tuple.
    fn tuple(&mut self, start: usize) {
        let elements = &mut self.heap.elements;
        let first = index(elements.len());
        elements.extend(self.stack.drain(start..));
        let count = index(elements.len()) - first;
        self.kept += count as usize;
        self.stack.push(Value::Tuple { start: first, count });
    }

    fn new_dict(&mut self) -> Value<'a> {
        let number = index(self.heap.dicts.len());
        self.heap.dicts.push(Vec::new());
        self.kept += 1;
        Value::Dict(number)
    }

    /// Takes keys and values from `start` on into what lies below them.
    fn set_items_below(&mut self, start: usize) -> Result<(), PickleError> {
        let below = start.checked_sub(1).filter(|below| *below >= self.floor());
        let target = below.and_then(|below| self.stack.get(below).copied());
        self.set_items(target.ok_or_else(|| self.empty())?, start)
    }

    fn set_items(&mut self, target: Value<'a>, start: usize) -> Result<(), PickleError> {
        if !(self.stack.len() - start).is_multiple_of(2) {
            return Err(self.input.damaged("a key without a value"));
        }
        if let Value::Dict(number) = target
            && let Some(dict) = self.heap.dicts.get_mut(number as usize)
        {
            for pair in self.stack[start..].chunks_exact(2) {
                if let (Value::Text(key), Value::Dict(_) | Value::Tensor(_)) = (pair[0], pair[1])
                    && key.len() <= MAX_NAME
                {
                    dict.push((key, pair[1]));
                    self.kept += 2;
                }
            }
        }
        self.stack.truncate(start);
        Ok(())
    }
}

/// A number for something in the heap; there are never more than `MAX_VALUES` of them.
fn index(count: usize) -> u32 {
    count as u32
}

/// A little-endian number in two's complement; one that doesn't fit is no size of anything.
fn long(bytes: &[u8]) -> Value<'_> {
    if bytes.len() > 8 {
        return Value::Opaque;
    }
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut all = [if negative { 0xff } else { 0 }; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(all))
}

fn text(bytes: &[u8]) -> Value<'_> {
    std::str::from_utf8(bytes).map_or(Value::Opaque, Value::Text)
}

fn opaque(_: &[u8]) -> Value<'_> {
    Value::Opaque
}
