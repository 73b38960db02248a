//! Tensors as bytes of a request and of an answer: JSON, then the numbers one after the other, little-endian.

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use serde::Deserialize;

use crate::segment::tensor::Element;

/// Values to send.
#[derive(Clone, Copy, Debug)]
pub(in crate::segment) enum Numbers<'a> {
    /// As f32 or f16.
    Floats(&'a [f32]),
    /// As i64, i32 or either of the others.
    Labels(&'a [i64]),
}

/// An input of a request.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Input<'a> {
    pub(in crate::segment) name: &'a str,
    pub(in crate::segment) shape: Vec<usize>,
    /// As the server wants it.
    pub(in crate::segment) element: Element,
    pub(in crate::segment) numbers: Numbers<'a>,
}

/// An output that is wanted.
#[derive(Clone, Debug)]
pub(in crate::segment) struct Wanted<'a> {
    pub(in crate::segment) name: &'a str,
    /// What the server declares; -1 is free.
    pub(in crate::segment) shape: &'a [i64],
    pub(in crate::segment) element: Element,
}

/// An output that came.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::segment) struct Output {
    pub(in crate::segment) name: String,
    pub(in crate::segment) shape: Vec<usize>,
    pub(in crate::segment) values: Vec<f32>,
}

/// The protocol's name of an element type.
fn datatype(element: &Element) -> &str {
    match element {
        Element::F16 => "FP16",
        Element::F32 => "FP32",
        Element::I32 => "INT32",
        Element::I64 => "INT64",
        Element::Other(name) => name,
    }
}

/// The element type that the protocol calls so.
pub(super) fn element(datatype: &str) -> Element {
    match datatype {
        "FP16" => Element::F16,
        "FP32" => Element::F32,
        "INT32" => Element::I32,
        "INT64" => Element::I64,
        other => Element::Other(other.to_owned()),
    }
}

/// Bytes of one element; 0 of those that are not sent.
fn width(element: &Element) -> usize {
    match element {
        Element::F16 => 2,
        Element::F32 | Element::I32 => 4,
        Element::I64 => 8,
        Element::Other(_) => 0,
    }
}

/// The JSON and the numbers of a request, and how long the JSON is.
pub(super) fn request(inputs: &[Input<'_>], wanted: &[Wanted<'_>]) -> (Vec<u8>, usize) {
    let size = |input: &Input<'_>| input.shape.iter().product::<usize>() * width(&input.element);
    let described = |input: &Input<'_>| {
        serde_json::json!({
            "name": input.name,
            "shape": input.shape,
            "datatype": datatype(&input.element),
            "parameters": { "binary_data_size": size(input) },
        })
    };
    let output = |wanted: &Wanted<'_>| serde_json::json!({ "name": wanted.name, "parameters": { "binary_data": true } });
    let json = serde_json::json!({
        "inputs": inputs.iter().map(described).collect::<Vec<_>>(),
        "outputs": wanted.iter().map(output).collect::<Vec<_>>(),
    });
    let json = json.to_string().into_bytes();
    let length = json.len();
    let mut body = Vec::with_capacity(length + inputs.iter().map(size).sum::<usize>());
    body.extend(json);
    for input in inputs {
        put(&mut body, input);
    }
    (body, length)
}

fn put(body: &mut Vec<u8>, input: &Input<'_>) {
    match (input.numbers, &input.element) {
        (Numbers::Floats(values), Element::F16) => {
            let mut half = vec![f16::ZERO; values.len()];
            half.convert_from_f32_slice(values);
            body.extend(half.iter().flat_map(|v| v.to_le_bytes()));
        }
        (Numbers::Floats(values), _) if cfg!(target_endian = "little") => {
            body.extend_from_slice(bytemuck::cast_slice(values));
        }
        (Numbers::Floats(values), _) => body.extend(values.iter().flat_map(|v| v.to_le_bytes())),
        (Numbers::Labels(labels), Element::I64) => {
            body.extend(labels.iter().flat_map(|v| v.to_le_bytes()));
        }
        (Numbers::Labels(labels), Element::I32) => {
            body.extend(labels.iter().flat_map(|&v| (v as i32).to_le_bytes()));
        }
        (Numbers::Labels(labels), element) => {
            let values: Vec<f32> = labels.iter().map(|&v| v as f32).collect();
            let (shape, element) = (Vec::new(), element.clone());
            put(body, &Input { name: "", shape, element, numbers: Numbers::Floats(&values) });
        }
    }
}

/// Room for the JSON of an answer.
const JSON: usize = 64 << 10;
/// The most values of an output, whatever its shape is said to be: the demo model's largest has two million.
const MOST_VALUES: usize = 64 << 20;

/// The most bytes that an answer may have.
pub(super) fn most_bytes(wanted: &[Wanted<'_>]) -> usize {
    let most = |wanted: &Wanted<'_>| {
        let free = wanted.shape.iter().any(|&n| n < 0);
        let values = wanted.shape.iter().map(|&n| n.max(1) as usize);
        let values = if free { MOST_VALUES } else { values.fold(1, usize::saturating_mul) };
        let values = values.min(MOST_VALUES);
        values.saturating_mul(width(&wanted.element))
    };
    wanted.iter().map(most).fold(JSON, usize::saturating_add)
}

#[derive(Deserialize)]
struct Answer {
    outputs: Vec<AnswerOutput>,
}

#[derive(Deserialize)]
struct AnswerOutput {
    name: String,
    datatype: String,
    shape: Vec<i64>,
    #[serde(default)]
    parameters: AnswerParameters,
}

#[derive(Default, Deserialize)]
struct AnswerParameters {
    binary_data_size: Option<usize>,
}

/// The wanted outputs of an answer, in the order in which they are wanted. An error is what is wrong with it.
pub(super) fn answer(
    body: &[u8],
    header_length: Option<usize>,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Output>, String> {
    let length = header_length.ok_or("it sends no binary tensors")?;
    let (json, mut numbers) =
        body.split_at_checked(length).ok_or("its header is longer than the answer")?;
    let told: Answer = serde_json::from_slice(json).map_err(|e| format!("its JSON: {e}"))?;
    let mut found = Vec::new();
    for output in told.outputs {
        let name = &output.name;
        let size = output.parameters.binary_data_size;
        let size = size.ok_or_else(|| format!("{name} is no binary tensor"))?;
        let (bytes, rest) = numbers
            .split_at_checked(size)
            .ok_or_else(|| format!("half of an answer: {name} ends early"))?;
        numbers = rest;
        let shape: Option<Vec<usize>> =
            output.shape.iter().map(|&n| usize::try_from(n).ok()).collect();
        let shape = shape.ok_or_else(|| format!("the shape of {name} is {:?}", output.shape))?;
        let count = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        let element = element(&output.datatype);
        if count.and_then(|n| n.checked_mul(width(&element))) != Some(size) {
            return Err(format!("{name} has {size} bytes for {} {shape:?}", output.datatype));
        }
        found.push((output.name, shape, element, bytes));
    }
    if !numbers.is_empty() {
        return Err(format!("{} bytes too many", numbers.len()));
    }
    wanted.iter().map(|wanted| taken(&found, wanted)).collect()
}

type Found<'b> = (String, Vec<usize>, Element, &'b [u8]);

fn taken(found: &[Found<'_>], wanted: &Wanted<'_>) -> Result<Output, String> {
    let name = wanted.name;
    let output = found.iter().find(|(found, ..)| found == name);
    let (_, shape, element, bytes) = output.ok_or_else(|| format!("no output {name}"))?;
    let fits = shape.len() == wanted.shape.len()
        && shape.iter().zip(wanted.shape).all(|(&n, &w)| w < 0 || n as i64 == w);
    if !fits || *element != wanted.element {
        return Err(format!(
            "{name} is {element} {shape:?}, not {} {:?} as declared",
            wanted.element, wanted.shape
        ));
    }
    let values = match element {
        Element::F16 => {
            let half: Vec<f16> =
                bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b)).collect();
            half.to_f32_vec()
        }
        Element::F32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        other => return Err(format!("{name} has {other} instead of numbers with a point")),
    };
    if values.iter().any(|v| !v.is_finite()) {
        return Err(format!("{name} has values that are not a number or infinite"));
    }
    Ok(Output { name: name.to_owned(), shape: shape.clone(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [i64; 2] = [1, -1];

    fn wanted() -> [Wanted<'static>; 1] {
        [Wanted { name: "y", shape: &SHAPE, element: Element::F32 }]
    }

    fn message(json: &str, numbers: &[u8]) -> Result<Vec<Output>, String> {
        answer(&[json.as_bytes(), numbers].concat(), Some(json.len()), &wanted())
    }

    fn json(datatype: &str, shape: &str, size: usize) -> String {
        format!(
            r#"{{"outputs":[{{"name":"y","datatype":"{datatype}","shape":{shape},
            "parameters":{{"binary_data_size":{size}}}}}]}}"#
        )
    }

    #[test]
    fn a_request_is_json_and_then_its_numbers() {
        let floats = [1.0f32, -2.5];
        let input = |name, element, numbers| Input { name, shape: vec![1, 2], element, numbers };
        let inputs = [
            input("a", Element::F32, Numbers::Floats(&floats)),
            input("b", Element::F16, Numbers::Floats(&floats)),
            input("c", Element::I64, Numbers::Labels(&[1, 0])),
            input("d", Element::I32, Numbers::Labels(&[1, 0])),
            input("e", Element::F16, Numbers::Labels(&[1, 0])),
        ];
        let (body, length) = request(&inputs, &wanted());
        let told: serde_json::Value = serde_json::from_slice(&body[..length]).unwrap();
        let sizes: Vec<_> = told["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["parameters"]["binary_data_size"].as_u64().unwrap())
            .collect();
        assert_eq!(sizes, [8, 4, 16, 8, 4]);
        assert_eq!(told["inputs"][1]["datatype"], "FP16");
        assert_eq!(told["outputs"][0]["parameters"]["binary_data"], true);
        let mut numbers = Vec::new();
        numbers.extend(floats.iter().flat_map(|v| v.to_le_bytes()));
        numbers.extend([0x00, 0x3c, 0x00, 0xc1]);
        numbers.extend([1i64, 0].iter().flat_map(|v| v.to_le_bytes()));
        numbers.extend([1i32, 0].iter().flat_map(|v| v.to_le_bytes()));
        numbers.extend([0x00, 0x3c, 0x00, 0x00]);
        assert_eq!(&body[length..], numbers);
    }

    #[test]
    fn a_whole_answer_is_taken() {
        let numbers: Vec<u8> = [1.5f32, -0.25].iter().flat_map(|v| v.to_le_bytes()).collect();
        let found = message(&json("FP32", "[1,2]", 8), &numbers).unwrap();
        assert_eq!(
            (found[0].shape.as_slice(), found[0].values.as_slice()),
            (&[1, 2][..], &[1.5, -0.25][..])
        );
        let half = [Wanted { element: Element::F16, ..wanted()[0].clone() }];
        let json = json("FP16", "[1,2]", 4);
        let body = [json.as_bytes(), &[0x00, 0x3e, 0x00, 0xb4]].concat();
        assert_eq!(answer(&body, Some(json.len()), &half).unwrap()[0].values, [1.5, -0.25]);
    }

    #[test]
    fn what_is_wrong_with_an_answer_is_said() {
        let ok = [0u8; 8];
        let nan = f32::NAN.to_le_bytes().repeat(2);
        let infinite = f32::INFINITY.to_le_bytes().repeat(2);
        for (json, numbers, expected) in [
            (json("FP32", "[1,2]", 8), &ok[..5], "half of an answer"),
            (json("FP32", "[1,2]", 8), &[0; 12][..], "4 bytes too many"),
            (json("FP32", "[1,3]", 8), &ok[..], "8 bytes for"),
            (json("FP32", "[2,1]", 8), &ok[..], "not f32 [1, -1]"),
            (json("FP32", "[-1,-2]", 8), &ok[..], "the shape of y"),
            (json("FP64", "[1,1]", 8), &ok[..], "8 bytes for"),
            (json("INT64", "[1,1]", 8), &ok[..], "y is i64"),
            (json("FP32", "[4294967296,4294967296]", 8), &ok[..], "8 bytes for"),
            (json("FP32", "[1,2]", 8), &nan[..], "not a number"),
            (json("FP32", "[1,2]", 8), &infinite[..], "infinite"),
            (json("FP32", "[1,2]", 8).replace("\"y\"", "\"z\""), &ok[..], "no output y"),
            (json("FP32", "[1,2]", 8).replace("binary_data_size", "size"), &ok[..], "no binary"),
            ("{}".to_owned(), &ok[..], "its JSON"),
            ("<html>".to_owned(), &ok[..], "its JSON"),
        ] {
            let error = message(&json, numbers).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
        assert!(answer(&ok, None, &wanted()).unwrap_err().contains("no binary tensors"));
        assert!(answer(&ok, Some(9), &wanted()).unwrap_err().contains("longer"));
    }

    #[test]
    fn the_longest_answer_follows_from_the_declared_shapes() {
        let of =
            |shape: &[i64], element| most_bytes(&[Wanted { name: "y", shape, element }]) - JSON;
        assert_eq!(of(&[1, 1, 32, 32, 32], Element::F32), 4 << 15);
        assert_eq!(of(&[1, 1, 32, 32, 32], Element::F16), 2 << 15);
        assert_eq!(of(&[1, -1], Element::F32), 4 * MOST_VALUES);
        // A shape that nobody can mean.
        assert_eq!(of(&[i64::MAX, i64::MAX], Element::F32), 4 * MOST_VALUES);
        assert_eq!(of(&[1, 65536, 65536, 16], Element::F16), 2 * MOST_VALUES);
    }
}
