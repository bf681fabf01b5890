"""From a measured spectrum to the fixed arrays that are compared."""
