"""Pictures of reports as inline SVG: small, and in the colours of the page that they stand in."""
