"""The gallery: each job on its data, with a judge. `just gallery` lists them; docs/gallery.md shows them."""
