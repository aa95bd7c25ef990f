"""Plot items on pyqtgraph; no decisions."""
