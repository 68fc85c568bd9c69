"""From a latent to pixels, by numpy and onnxruntime; nothing here imports torch."""
