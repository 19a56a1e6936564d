//! Finding a piece of one recording in another.

/// The greatest normalised correlation, −1 to 1, of `piece` with any part of `recording`.
pub fn best_match(recording: &[f32], piece: &[f32]) -> f64 {
    let energy = |samples: &[f32]| -> f64 {
        samples
            .iter()
            .map(|sample| f64::from(sample * sample))
            .sum()
    };
    let own = energy(piece);
    recording
        .windows(piece.len())
        .map(|window| {
            let product: f32 = window.iter().zip(piece).map(|(a, b)| a * b).sum();
            // Silence resembles nothing.
            f64::from(product) / (own * energy(window)).sqrt().max(1e-3)
        })
        .fold(-1.0, f64::max)
}

/// The loudest `length` samples in a row, looked for in steps of a tenth of it.
pub fn loudest(samples: &[f32], length: usize) -> &[f32] {
    let loudness = |piece: &[f32]| -> f32 { piece.iter().map(|sample| sample * sample).sum() };
    samples
        .windows(length)
        .step_by(length / 10)
        .max_by(|a, b| loudness(a).total_cmp(&loudness(b)))
        .expect("longer than the piece")
}
