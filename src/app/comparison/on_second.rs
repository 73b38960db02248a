//! B over the second scan: its labels on the grid of that, each voxel with the label of the nearest one in the world. Put
//! there on a thread, once for each label map and each second scan.

use std::sync::Arc;

use super::drawing::StateOfB;
use super::reference::Reference;
use crate::document::Document;
use crate::geom::Grid;
use crate::ui::{ComparedPair, ComparisonStatus, ComparisonView, DrawnLabels};
use crate::volume::LabelMap;
use crate::work::memory;
use crate::work::{Task, Wake};

/// Added to the number of a label map: what is drawn here is none of what is drawn elsewhere.
const OVER_SECOND: u64 = 1 << 62;

/// Why there is nothing to draw, in words.
type Refused = String;

/// Which label map is put onto which grid.
type Wanted = (u64, Grid);

pub(super) struct OnSecond {
    wake: Wake,
    /// Counts what was put there.
    made: u64,
    of: Option<Wanted>,
    task: Option<Task<Result<LabelMap, Refused>>>,
    map: Option<(u64, LabelMap)>,
    drawn: Option<(StateOfB, Arc<DrawnLabels>)>,
}

impl OnSecond {
    pub fn new(wake: Wake) -> Self {
        Self { wake, made: 0, of: None, task: None, map: None, drawn: None }
    }

    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// Nobody looks at it.
    pub fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.cancel();
        }
        (self.of, self.map, self.drawn) = (None, None, None);
    }

    /// What is drawn over a second scan on this grid, once it is there; or why it can't be, once.
    pub fn follow(
        &mut self,
        (document, second): (&Document, &Grid),
        reference: &Arc<Reference>,
        view: &ComparisonView,
        status: &ComparisonStatus,
    ) -> Result<Option<Arc<DrawnLabels>>, Refused> {
        let of = (reference.number, second.clone());
        if self.of.as_ref() != Some(&of) {
            self.stop();
            self.of = Some(of);
            self.begin(document.image().grid(), reference, second)?;
        }
        if let Some(answer) = self.task.as_ref().and_then(Task::poll) {
            self.task = None;
            match answer {
                Ok(map) => self.take(map?),
                // Nothing is drawn, and it is not tried again.
                Err(_) => return Ok(None),
            }
        }
        let Some((number, map)) = &self.map else { return Ok(None) };
        let table = status.table.as_ref().map_or(std::ptr::null(), Arc::as_ptr);
        let state = (*number, document.revision(), view.selected, table);
        if let Some((of, drawn)) = &self.drawn
            && *of == state
        {
            return Ok(Some(Arc::clone(drawn)));
        }
        let rows = status.table.iter().flat_map(|table| &table.rows);
        let pairs: Vec<ComparedPair> = rows.map(|row| row.pair).collect();
        let drawn = Arc::new(DrawnLabels {
            number: OVER_SECOND + number,
            made_of: None,
            labels: map.clone(),
            styles: reference.styles(document, &pairs, view.selected),
        });
        self.drawn = Some((state, Arc::clone(&drawn)));
        Ok(Some(drawn))
    }

    fn take(&mut self, map: LabelMap) {
        self.made += 1;
        self.map = Some((self.made, map));
    }

    fn begin(
        &mut self,
        scan: &Grid,
        reference: &Arc<Reference>,
        second: &Grid,
    ) -> Result<(), Refused> {
        if scan.dims() == second.dims()
            && scan.matches(second, 1e-3 * second.spacing().min_element())
        {
            self.take(reference.map.clone());
            return Ok(());
        }
        let (reference, from, to) = (Arc::clone(reference), scan.clone(), second.clone());
        let task = Task::start("labels beside", self.wake.clone(), move |_, _| {
            memory::check(LabelMap::resampling_bytes(&to)).map_err(|short| short.to_string())?;
            Ok(reference.map.nearest_on(&from, &to))
        });
        self.task = Some(task.map_err(|why| why.to_string())?);
        Ok(())
    }
}
