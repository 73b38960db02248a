//! The objects of a document, and what of them is shared with those who keep them: an object that has not changed since it
//! was asked for is not copied once more, so that to keep ten thousand costs what the changed ones do.

use std::ops::{Deref, Index, IndexMut};
use std::sync::{Arc, OnceLock};

use super::object::Object;

/// Objects of a document at one moment, without what models go on from (some 8 MB for each cube, which is computed again).
/// Copies share them; one that is changed is its copy's own from then on.
#[derive(Clone, Debug, Default)]
pub struct SharedObjects(Vec<Arc<Object>>);

impl SharedObjects {
    /// The objects in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Object> + ExactSizeIterator {
        self.into_iter()
    }

    /// The objects, to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Object> + ExactSizeIterator {
        self.into_iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the last one away.
    pub fn pop(&mut self) -> Option<Arc<Object>> {
        self.0.pop()
    }

    /// Keeps so many, from the first.
    pub fn truncate(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// Copies of them.
    pub fn to_vec(&self) -> Vec<Object> {
        self.iter().cloned().collect()
    }
}

impl PartialEq for SharedObjects {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.len() == other.len() && pairs.all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
    }
}

impl Index<usize> for SharedObjects {
    type Output = Object;

    fn index(&self, at: usize) -> &Object {
        &self.0[at]
    }
}

impl IndexMut<usize> for SharedObjects {
    fn index_mut(&mut self, at: usize) -> &mut Object {
        Arc::make_mut(&mut self.0[at])
    }
}

impl<'o> IntoIterator for &'o SharedObjects {
    type Item = &'o Object;
    type IntoIter = std::iter::Map<std::slice::Iter<'o, Arc<Object>>, fn(&Arc<Object>) -> &Object>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|object| object)
    }
}

impl<'o> IntoIterator for &'o mut SharedObjects {
    type Item = &'o mut Object;
    type IntoIter =
        std::iter::Map<std::slice::IterMut<'o, Arc<Object>>, fn(&mut Arc<Object>) -> &mut Object>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut().map(Arc::make_mut)
    }
}

impl FromIterator<Object> for SharedObjects {
    fn from_iter<I: IntoIterator<Item = Object>>(objects: I) -> Self {
        Self(objects.into_iter().map(Arc::new).collect())
    }
}

impl From<Vec<Object>> for SharedObjects {
    fn from(objects: Vec<Object>) -> Self {
        objects.into_iter().collect()
    }
}

/// The objects of a document, each with what was shared of it, as long as that is what it is.
#[derive(Clone, Debug, Default)]
pub(super) struct ObjectList {
    objects: Vec<Object>,
    shared: Vec<OnceLock<Arc<Object>>>,
}

impl ObjectList {
    pub fn insert(&mut self, at: usize, object: Object) {
        self.objects.insert(at, object);
        self.shared.insert(at, OnceLock::new());
    }

    pub fn remove(&mut self, at: usize) -> Object {
        self.shared.remove(at);
        self.objects.remove(at)
    }

    /// Those that have changed since the last time are copied.
    pub fn share(&self) -> SharedObjects {
        let without_state = |object: &Object| {
            let mut kept = object.clone();
            kept.answer.forget_state();
            Arc::new(kept)
        };
        let both = self.objects.iter().zip(&self.shared);
        let shared =
            both.map(|(object, shared)| Arc::clone(shared.get_or_init(|| without_state(object))));
        SharedObjects(shared.collect())
    }
}

impl Deref for ObjectList {
    type Target = [Object];

    fn deref(&self) -> &[Object] {
        &self.objects
    }
}

impl Index<usize> for ObjectList {
    type Output = Object;

    fn index(&self, at: usize) -> &Object {
        &self.objects[at]
    }
}

/// Whoever may change one does.
impl IndexMut<usize> for ObjectList {
    fn index_mut(&mut self, at: usize) -> &mut Object {
        self.shared[at] = OnceLock::new();
        &mut self.objects[at]
    }
}

impl From<Vec<Object>> for ObjectList {
    fn from(objects: Vec<Object>) -> Self {
        let shared = objects.iter().map(|_| OnceLock::new()).collect();
        Self { objects, shared }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::LabelId;

    fn object(n: u16) -> Object {
        Object::new(LabelId(n), format!("object {n}"), [0; 3])
    }

    #[test]
    fn only_what_has_changed_is_copied_again() {
        let mut list: ObjectList = (1..=4).map(object).collect::<Vec<_>>().into();
        let first = list.share();
        assert_eq!(first.to_vec(), list.to_vec());
        let same = |a: &SharedObjects, b: &SharedObjects| -> Vec<bool> {
            a.0.iter().zip(&b.0).map(|(a, b)| Arc::ptr_eq(a, b)).collect()
        };
        assert_eq!(same(&first, &list.share()), [true; 4]);
        list[2].name = "renamed".to_owned();
        let second = list.share();
        assert_eq!(same(&first, &second), [true, true, false, true]);
        assert!(first != second && first[2].name == "object 3" && second[2].name == "renamed");
        // They go with their places.
        list.insert(1, object(9));
        assert_eq!(list.remove(0), object(1));
        let third = list.share();
        assert_eq!(third.to_vec(), list.to_vec());
        assert!(same(&third, &second)[1..].iter().all(|same| *same));
        // Who changes what was shared changes their own.
        let mut own = third.clone();
        own[0].visible = false;
        own.iter_mut().for_each(|object| object.locked = true);
        assert!(third.iter().all(|object| object.visible && !object.locked));
        assert_eq!(third, list.share());
    }
}
