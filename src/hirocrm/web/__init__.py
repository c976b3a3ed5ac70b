"""The pages: one folder a screen, server-rendered templates, and the built assets."""
