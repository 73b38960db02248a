//! The window's owner: document, workers, GPU scene and files meet here and nowhere else.
