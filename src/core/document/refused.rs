//! Why a command was refused.

/// Why a command was not carried out; the document is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A click is still being computed; give the command again when it is done.
    #[error("a click is still being computed")]
    Busy,
    /// The object is being extended.
    #[error("this object is being extended: wait, or stop it")]
    Extending,
    /// The object is locked.
    #[error("this object is locked: unlock it first")]
    Locked,
    /// Voxels can be taken away from an object only.
    #[error("no object is selected: select one first")]
    NoneSelected,
    /// There is no answer of a model to go on from.
    #[error("this object has no mask made by clicks: click inside the structure first")]
    NoAnswer,
    /// The object has no voxels.
    #[error("this object has no mask yet: click inside the structure, or paint it")]
    NoMask,
    /// Nothing of the object lies under others.
    #[error("nothing of this object lies under others")]
    NothingCovered,
    /// It has every voxel of the other one.
    #[error("this object has all voxels of the other one already")]
    HasAll,
    /// What lies over the object must not be changed.
    #[error("what lies over this object is locked: unlock that first")]
    UnderLocked,
    /// An object must start inside the structure.
    #[error("the first click of an object must be positive: click inside the structure first")]
    FirstMustBePositive,
    /// Without this click a negative one would come first.
    #[error(
        "a negative click would come first then: delete the negative clicks before, or the object"
    )]
    NegativeWouldBeFirst,
    /// The clicked voxel has another object's label.
    #[error(
        "this voxel belongs to another object, which keeps it: select that object, or take the voxel \
         away from it first with a negative click"
    )]
    Taken,
    /// The selected mask, or that of the clicked voxel, is no replay of clicks.
    #[error(
        "this mask came from a file: choose “Refine the mask with points” to correct it with clicks, or click outside of \
         it to start another object"
    )]
    FromFile,
    /// An object's clicks belong to one time point, and its mask may only be computed from that one.
    #[error(
        "the clicks of this object were made at time point {time_point}: go back to that time point, or start a new object"
    )]
    OtherTimePoint {
        /// The time point of its clicks, from 1.
        time_point: usize,
    },
    /// It was taken out.
    #[error("this measurement is not there any more")]
    MeasurementGone,
    /// The click is outside of the scan.
    #[error("the click is outside of the scan")]
    OutsideVolume,
    /// What was drawn is no prompt there.
    #[error("what was drawn lies partly outside of the scan")]
    ShapeOutside,
    /// Two clicks of an object in one voxel would say one thing twice, or two things.
    #[error("another point of this object is in this place already")]
    OnAnotherClick,
    /// The click is outside of the image that the model looks at, which lies over the scan.
    #[error("the click is outside of the image that the model looks at")]
    OutsideImage,
    /// The object or prompt is not there (any more).
    #[error("that object or click does not exist any more")]
    Gone,
    /// An answer to a question nobody asks any more.
    #[error("the answer came too late")]
    Stale,
    /// Another object has this number.
    #[error(
        "another object has this number: choose one that is free, or give that object another first"
    )]
    NumberTaken,
    /// Numbers of labels are 1 to 65535.
    #[error("numbers of objects go from 1 to 65535: 0 is the background")]
    NoNumber,
    /// An object can't be merged with itself.
    #[error("choose another object to merge this one with")]
    SameObject,
    /// All 65535 labels are taken.
    #[error("a label map can hold no more than 65535 objects")]
    Full,
}
