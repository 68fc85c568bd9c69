"""Whatever takes gradients: networks, steps, the loop."""
