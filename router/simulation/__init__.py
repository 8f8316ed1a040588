"""The real engine and the real shell on virtual time, with venues and a disk made from one seed."""
