"""Phase-change memory devices, differential crossbars, and spiking networks trained on them."""
