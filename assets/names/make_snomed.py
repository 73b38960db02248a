"""Writes snomed.json: the codes of SNOMED CT for structures by the names that the lists here give them.

Codes and meanings are those of pydicom's dictionary (pydicom 3.0.2, the subset of SNOMED CT that DICOM may use); a code
that is not in it stops the script. Sides are no part of a name: left and right are modifiers.
"""

import json
import pathlib

from pydicom.sr._concepts_dict import concepts

ANATOMY, CHANGED, FLUID = "91723000", "49755003", "91720002"
CATEGORIES = {ANATOMY: "Anatomical Structure", CHANGED: "Morphologically Abnormal Structure", FLUID: "Body Substance"}
TABLE = {
    ANATOMY: {
        "23451007": "adrenal gland", "15825003": "aorta", "12738006": "brain", "51299004": "clavicula|clavicle",
        "71854001": "colon", "38848004": "duodenum", "32849002": "esophagus|oesophagus", "71341001": "femur",
        "28231008": "gallbladder|gall bladder", "29836001": "hip", "85050009": "humerus", "73634005": "iliac artery",
        "46027005": "iliac vena|iliac vein", "64131007": "inferior vena cava|postcava", "64033007": "kidney",
        "10200004": "liver", "90572001": "lung lower lobe", "72481006": "lung middle lobe", "45653009": "lung upper lobe",
        "39607008": "lung", "15776009": "pancreas", "54735007": "sacrum", "79601000": "scapula",
        "30315005": "small bowel|small intestine", "78961009": "spleen", "69695003": "stomach", "44567001": "trachea",
        "89837001": "urinary bladder|bladder", "80891009": "heart", "122972007": "pulmonary vein",
        "12691009": "brachiocephalic trunk", "32062004": "common carotid artery", "8887007": "brachiocephalic vein",
        "36765005": "subclavian artery", "48345005": "superior vena cava", "32764006": "portal vein", "41216001": "prostate",
        "35039007": "uterus", "56873002": "sternum", "89546000": "skull", "2748008": "spinal cord",
        "69748006": "thyroid gland|thyroid", "50016007": "costal cartilages", "64688005": "coccyx",
        **{code: f"vertebrae {name}|{name}" for name, code in zip(
            [*(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6))],
            "14806007 39976000 113205007 5329002 36978003 36054005 87391001 64864005 53733008 1626008 73071006 56401006 "
            "45296009 62487009 11068009 82687006 7610001 12989004 23215003 66794005 14293000 36470004 11994002 "
            "49668003".split())},
        "113197003": "|".join(["rib", *(f"rib {n}" for n in range(1, 13))]),
        "68523003": "cerebral white matter", "40146001": "cerebral cortex", "66720007": "lateral ventricle",
        "53118009": "inf lat vent", "33060004": "cerebellum white matter", "25991003": "cerebellum cortex",
        "42695009": "thalamus", "11000004": "caudate", "89278009": "putamen", "14738005": "pallidum",
        "49841001": "3rd ventricle", "35918002": "4th ventricle", "119238007": "brain stem|brainstem",
        "5366008": "hippocampus", "4958002": "amygdala", "427667007": "accumbens area", "80621003": "choroid plexus",
        "244453006": "optic chiasm", "113305005": "cerebellum",
    },
    CHANGED: {"367643001": "kidney cyst|cyst", "52988006": "lesion", "108369006": "tumor|tumour|neoplasm", "27925004": "nodule",
              "6574001": "ncr|necrosis", "79654002": "ed|edema|oedema"},
    FLUID: {"65216001": "csf"},
}
meanings = {}
for entries in concepts["SCT"].values():
    for code, (meaning, _) in entries.items():
        meanings.setdefault(code, []).append(meaning)
rows = []
assert all(name in meanings[code] for code, name in CATEGORIES.items()), "a category"
for category, codes in TABLE.items():
    for code, names in codes.items():
        meaning = min(meanings[code], key=lambda text: (text.endswith("(body structure)"), text.startswith("Endo"), len(text), text))
        rows.append({"category": category, "code": code, "meaning": meaning, "names": names.lower().split("|")})
text = json.dumps({"categories": CATEGORIES, "codes": "ROWS"}, indent=1)
lines = ",\n  ".join(json.dumps(row) for row in rows)
(pathlib.Path(__file__).parent / "snomed.json").write_text(text.replace('"ROWS"', f"[\n  {lines}\n ]") + "\n")
