"""For trying out: a made-up plan, made by the same verbs as a real one."""
