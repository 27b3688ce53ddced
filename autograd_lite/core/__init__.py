"""The mechanics below the engine: what a declaration holds, kinds of numbers, modes; and its speed."""
