"""Large graphs made small: neurons, layers and repeated examples become one box each."""
