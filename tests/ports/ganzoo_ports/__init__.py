"""GANs after 2016 as an author would write them: one module each, and nothing but public names."""
