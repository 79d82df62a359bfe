"""The sums of tools/soak: what has grown since the warm-up is told, and what has not is no failure."""
import unittest

from attack import main
from soak import DESCRIPTOR_SLACK, MEMORY_SLACK, growth


class Growth(unittest.TestCase):
    def test_flat(self):
        """What grows during the warm-up and is flat from then on is no failure"""
        self.assertEqual(growth([(10_000, 9), (30_000, 12), (30_100, 11), (29_000, 12)]), [])

    def test_memory(self):
        """Memory that grows after the warm-up is a failure"""
        failures = growth([(10_000, 9), (11_000, 9), (11_000, 9), (11_001 + MEMORY_SLACK, 9)])
        self.assertEqual(len(failures), 1)
        self.assertIn("memory", failures[0])

    def test_descriptors(self):
        """Descriptors that are left open after the warm-up are a failure"""
        failures = growth([(10_000, 9), (10_000, 9), (10_000, 10 + DESCRIPTOR_SLACK)])
        self.assertEqual(len(failures), 1)
        self.assertIn("descriptors", failures[0])

    def test_few_rounds(self):
        """Fewer rounds than can be compared are a failure"""
        self.assertEqual(len(growth([(1, 1), (1, 1)])), 1)


if __name__ == "__main__":
    main()
