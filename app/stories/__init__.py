"""Stories: articles in any language about one happening. Pure: plain values in, plain values out."""
