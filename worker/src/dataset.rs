//! Datasets: Arrow IPC files, written and read in blocks.
