"""Where articles come from: feeds and files, one small module each."""
