"""The pages as slides for a projector: one idea a slide, by a rule, and what does not fit on one in the speaker's notes."""
