// Ctr
