"""The composition root: joins the engine, the shell, the venues and the ways in."""
