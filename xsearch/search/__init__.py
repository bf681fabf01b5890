"""From a query to ranked crystals."""
