//! How the values of a PET become standardised uptake values (SUV).

/// What values are measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuvKind {
    /// Body weight.
    BodyWeight,
    /// Lean body mass (Janmahasatian 2005, as QIBA's FDG-PET/CT profile has it; of a source that is in it already, as that
    /// has it).
    LeanBodyMass,
    /// Body surface (Du Bois 1916).
    BodySurface,
    /// Ideal body weight: only of a source that is in it already.
    IdealBodyWeight,
}

impl SuvKind {
    /// All.
    pub const ALL: [Self; 4] =
        [Self::BodyWeight, Self::LeanBodyMass, Self::BodySurface, Self::IdealBodyWeight];

    /// What its values are called, and their unit.
    pub fn unit(self) -> &'static str {
        match self {
            Self::BodyWeight => "SUVbw, g/mL",
            Self::LeanBodyMass => "SUVlbm, g/mL",
            Self::BodySurface => "SUVbsa, cm²/mL",
            Self::IdealBodyWeight => "SUVibw, g/mL",
        }
    }

    /// What its values are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::BodyWeight => "SUVbw",
            Self::LeanBodyMass => "SUVlbm",
            Self::BodySurface => "SUVbsa",
            Self::IdealBodyWeight => "SUVibw",
        }
    }
}

/// By what the values of a PET are multiplied to become SUV.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SuvFactors {
    /// By body weight.
    pub body_weight: Option<f64>,
    /// By lean body mass.
    pub lean_body_mass: Option<f64>,
    /// By body surface.
    pub body_surface: Option<f64>,
    /// By ideal body weight.
    pub ideal_body_weight: Option<f64>,
}

impl SuvFactors {
    /// The factor of a kind, if it can be known.
    pub fn of(&self, kind: SuvKind) -> Option<f64> {
        match kind {
            SuvKind::BodyWeight => self.body_weight,
            SuvKind::LeanBodyMass => self.lean_body_mass,
            SuvKind::BodySurface => self.body_surface,
            SuvKind::IdealBodyWeight => self.ideal_body_weight,
        }
    }

    /// In which SUV the source's values are already: the only kind that is known of it, by the factor 1.
    pub fn as_stored(&self) -> Option<SuvKind> {
        let mut known = SuvKind::ALL.into_iter().filter(|kind| self.of(*kind).is_some());
        let only = known.next().filter(|_| known.next().is_none())?;
        (self.of(only) == Some(1.0)).then_some(only)
    }

    /// Of `dose` Bq at the time to which the values in Bq/mL are corrected: `kilograms`, and where they are known
    /// `metres` and whether it is a man.
    pub fn new(dose: f64, kilograms: f64, metres: Option<f64>, is_man: Option<bool>) -> Self {
        let lean = metres.zip(is_man).map(|(metres, is_man)| {
            let bmi = kilograms / (metres * metres);
            let (a, b) = if is_man { (6680.0, 216.0) } else { (8780.0, 244.0) };
            9270.0 * kilograms / (a + b * bmi)
        });
        let surface =
            metres.map(|metres| 0.007_184 * kilograms.powf(0.425) * (100.0 * metres).powf(0.725));
        Self {
            body_weight: Some(1000.0 * kilograms / dose),
            lean_body_mass: lean.map(|kilograms| 1000.0 * kilograms / dose),
            // Square metres as square centimetres.
            body_surface: surface.map(|area| 10_000.0 * area / dose),
            ideal_body_weight: None,
        }
    }
}
