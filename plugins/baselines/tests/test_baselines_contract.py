from __future__ import annotations

from matdata.testing.trainers import TrainerContract


class TestMagpieForest(TrainerContract):
    plugin = "rf-magpie"
    hypers = {"trees": 20, "jobs": 1}
    overfit_error = 0.6  # leaves of bagged trees do not hold every material


class TestVoronoiForest(TrainerContract):
    plugin = "rf-voronoi"
    hypers = {"trees": 20, "jobs": 1}
    overfit_error = 0.6  # leaves of bagged trees do not hold every material


class TestDummy(TrainerContract):
    plugin = "dummy"
    learns_by_heart = False  # it says one number of all materials
    seed_matters = False
    reads_inputs = False


class TestLinear(TrainerContract):
    plugin = "linear"
    hypers = {"alpha": 1e-3}
    seed_matters = False


class TestNeighbours(TrainerContract):
    plugin = "knn"
    hypers = {"neighbours": 1}
    seed_matters = False


class TestBoosted(TrainerContract):
    plugin = "boosted"
    hypers = {"rounds": 60, "min_samples_leaf": 2, "learning_rate": 0.2}
    seed_matters = False
