//! Prompts as they are typed: points, boxes, scribbles and lassos, in the order in which they stand there.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Args, Command, Error, FromArgMatches};

use super::{parse_point, parse_position};
use crate::geom::DVec3;
use crate::prompt::ShapeKind;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedPrompt {
    /// What it is, if it is no point.
    pub shape: Option<ShapeKind>,
    /// In the space that `--space` says: a point's, two corners, or what a line goes through.
    pub places: Vec<DVec3>,
    /// Inside the structure.
    pub positive: bool,
}

/// All of them, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypedPrompts(pub Vec<TypedPrompt>);

/// Option, value, help.
const OPTIONS: [(&str, &str, &str); 4] = [
    (
        "point",
        "X,Y,Z[,+|,-]",
        "A click, inside (+, also when left out) or outside (-) of the structure; the first prompt must be inside, \
         unless it corrects a mask (--start-from). Give it again for every further click",
    ),
    (
        "box",
        "X,Y,Z:X,Y,Z[,+|,-]",
        "Two corners of a box in one slice of the scan, around the structure (+) or around what is none of it (-), for \
         a model that takes boxes (an nnInteractive server whose model does). Prompts count in the order in which they \
         are typed",
    ),
    (
        "scribble",
        "X,Y,Z:X,Y,Z:…[,+|,-]",
        "A line in one slice of the scan, in the structure (+) or beside it (-), through these places; its width is \
         that of --scribble-radius",
    ),
    (
        "lasso",
        "X,Y,Z:X,Y,Z:X,Y,Z:…[,+|,-]",
        "A loop in one slice of the scan, around a part of the structure (+) or around what is none of it (-): its \
         corners",
    ),
];

/// All as one, of which one at least is needed.
const GROUP: &str = "prompts";

impl Args for TypedPrompts {
    fn augment_args(command: Command) -> Command {
        let option = |(name, value, help): (&'static str, &'static str, &'static str)| {
            Arg::new(name)
                .long(name)
                .value_name(value)
                .help(help)
                .action(ArgAction::Append)
                .allow_hyphen_values(true)
                .value_parser(move |text: &str| parse(name, text))
        };
        let group = ArgGroup::new(GROUP).args(OPTIONS.map(|(name, ..)| name));
        command.args(OPTIONS.map(option)).group(group.required(true).multiple(true))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TypedPrompts {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut placed = Vec::new();
        for (name, ..) in OPTIONS {
            let places = matches.indices_of(name).into_iter().flatten();
            let odd = |_| Error::raw(ErrorKind::Format, "prompts of another kind");
            let values = matches.try_get_many::<TypedPrompt>(name).map_err(odd)?;
            placed.extend(places.zip(values.into_iter().flatten()));
        }
        placed.sort_by_key(|(place, _)| *place);
        Ok(Self(placed.into_iter().map(|(_, prompt)| prompt.clone()).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What one option says.
fn parse(option: &str, text: &str) -> Result<TypedPrompt, String> {
    let Some(shape) = ShapeKind::from_word(option) else {
        let point = parse_point(text)?;
        return Ok(TypedPrompt { shape: None, places: vec![point.at], positive: point.positive });
    };
    let (places, positive) = match text.rsplit_once(',') {
        Some((rest, "+")) => (rest, true),
        Some((rest, "-")) => (rest, false),
        _ => (text, true),
    };
    let places = places.split(':').map(parse_position).collect::<Result<Vec<_>, _>>();
    let places = places.map_err(|why| format!("{why}; places are joined by “:”"))?;
    let fits = match shape {
        ShapeKind::Box => places.len() == 2,
        ShapeKind::Scribble => !places.is_empty(),
        ShapeKind::Lasso => places.len() > 2,
    };
    let needs = match shape {
        ShapeKind::Box => "a box has two corners: X,Y,Z:X,Y,Z",
        ShapeKind::Scribble => "a scribble goes through places: X,Y,Z:X,Y,Z",
        ShapeKind::Lasso => "a lasso has three corners at least: X,Y,Z:X,Y,Z:X,Y,Z",
    };
    if !fits {
        return Err(needs.to_owned());
    }
    Ok(TypedPrompt { shape: Some(shape), places, positive })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(arguments: &[&str]) -> Result<TypedPrompts, String> {
        let command = TypedPrompts::augment_args(Command::new("test"));
        let matches = command.try_get_matches_from([&["test"], arguments].concat());
        let matches = matches.map_err(|e| e.to_string())?;
        TypedPrompts::from_arg_matches(&matches).map_err(|e| e.to_string())
    }

    #[test]
    fn prompts_come_in_the_order_in_which_they_are_typed() {
        let arguments = [
            "--box",
            "1,2,3:4,5,3",
            "--point",
            "-1,0,2.5,-",
            "--scribble=1,1,3:2,2,3,+",
            "--point",
            "7,8,9",
            "--lasso",
            "1,1,1:-2,1,1:2,2,1,-",
        ];
        let TypedPrompts(found) = typed(&arguments).unwrap();
        let kinds: Vec<_> = found.iter().map(|p| (p.shape, p.places.len(), p.positive)).collect();
        let expected = [
            (Some(ShapeKind::Box), 2, true),
            (None, 1, false),
            (Some(ShapeKind::Scribble), 2, true),
            (None, 1, true),
            (Some(ShapeKind::Lasso), 3, false),
        ];
        assert_eq!(kinds, expected);
        assert_eq!(found[1].places, [DVec3::new(-1.0, 0.0, 2.5)]);
        assert_eq!(found[4].places[1], DVec3::new(-2.0, 1.0, 1.0));
    }

    #[test]
    fn what_is_no_prompt_says_what_it_needs() {
        for (arguments, said) in [
            (&[][..], "required"),
            (&["--box", "1,2,3"], "a box has two corners"),
            (&["--box", "1,2,3:4,5,6:7,8,9"], "a box has two corners"),
            (&["--box", "1,2:4,5,6"], "three numbers are needed: X,Y,Z; places are joined by “:”"),
            (&["--lasso", "1,2,3:4,5,6"], "three corners at least"),
            (&["--scribble", "+"], "three numbers are needed"),
            (&["--point", "1,2"], "a point is X,Y,Z"),
        ] {
            let error = typed(arguments).unwrap_err();
            assert!(error.contains(said), "{arguments:?}: {error}");
        }
    }
}
