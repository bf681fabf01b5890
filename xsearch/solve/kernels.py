"""Compiled: a global search for the coordinates of an arrangement by simulated annealing.

The atoms of one orbit move together. Structure factors are sums over orbits, so that a move costs those of one orbit
(Kirkpatrick, Gelatt and Vecchi, Science 220 (1983) 671; Coelho, J. Appl. Cryst. 33 (2000) 899, for crystals).
"""

import numpy as np
from numba import njit

STEPS = 4096
"""Of the table of cosines to one turn."""

WAVES = np.stack([np.cos(2 * np.pi * np.arange(STEPS) / STEPS), np.sin(2 * np.pi * np.arange(STEPS) / STEPS)], axis=1)


@njit(cache=True, nogil=True)
def place_orbit(origin, directions, free, rotations, translations, count, at, out):
    """Overwrite (count, 3) coordinates of the atoms of one orbit, those of one lattice point only."""
    first = origin.copy()
    for axis in range(3):
        for j in range(free):
            first[axis] += directions[axis, j] * at[j]
    for k in range(count):
        for axis in range(3):
            out[k, axis] = (
                rotations[k, axis, 0] * first[0]
                + rotations[k, axis, 1] * first[1]
                + rotations[k, axis, 2] * first[2]
                + translations[k, axis]
            )


@njit(cache=True, nogil=True, fastmath=True)
def structure_factors(hkl, form, atoms, count, waves, out):
    """Overwrite (n, 2) real and imaginary structure factors of one orbit.

    Args:
        hkl: (n, 3) floats. form: (n,) scattering of one atom. atoms: (count, 3). waves: `WAVES`.
    """
    steps = len(waves)
    for i in range(len(hkl)):
        real = imaginary = 0.0
        h, k, m = hkl[i, 0], hkl[i, 1], hkl[i, 2]
        for j in range(count):
            phase = h * atoms[j, 0] + k * atoms[j, 1] + m * atoms[j, 2]
            place = int((phase - np.floor(phase)) * steps) % steps
            real += waves[place, 0]
            imaginary += waves[place, 1]
        out[i, 0] = form[i] * real
        out[i, 1] = form[i] * imaginary


@njit(cache=True, nogil=True, fastmath=True)
def share_left(factors, multiplicity, line_of, scale_of_line, band, right, total, least, intensity):
    """Share of what free intensities explain that those of a crystal leave: 0 is as good as free ones, 1 is nothing."""
    intensity[:] = 0.0
    for i in range(len(factors)):
        intensity[line_of[i]] += multiplicity[i] * (factors[i, 0] * factors[i, 0] + factors[i, 1] * factors[i, 1])
    n, width = band.shape
    pull = square = 0.0
    for k in range(n):
        intensity[k] *= scale_of_line[k]
        pull += right[k] * intensity[k]
    for k in range(n):
        part = 0.5 * band[k, 0] * intensity[k]
        for j in range(1, min(width, n - k)):
            part += band[k, j] * intensity[k + j]
        square += 2 * intensity[k] * part
    if square <= 0 or pull <= 0:
        return 1.0
    return (total - pull * pull / square - least) / (total - least)


@njit(cache=True, nogil=True, fastmath=True)
def closeness(atom, others, count, centrings, lattice, steps, limit):
    """Sum over all atoms of an orbit, in all cells around, of the squared share by which they stand too close to an
    atom; the atom itself does not count."""
    total = 0.0
    limit_sq = limit * limit
    for j in range(count):
        for c in range(len(centrings)):
            away = np.empty(3)
            for axis in range(3):
                away[axis] = others[j, axis] + centrings[c, axis] - atom[axis]
                away[axis] -= np.round(away[axis])
            for s in range(len(steps)):
                square = 0.0
                for axis in range(3):
                    x = (
                        (away[0] + steps[s, 0]) * lattice[0, axis]
                        + (away[1] + steps[s, 1]) * lattice[1, axis]
                        + (away[2] + steps[s, 2]) * lattice[2, axis]
                    )
                    square += x * x
                if square < limit_sq and square > 1e-6:
                    total += (1 - np.sqrt(square / limit_sq)) ** 2
    return total


@njit(cache=True, nogil=True)
def crowding(orbit, atoms, counts, multiplicities, limits, centrings, lattice, steps, out):
    """Overwrite (orbits,) how much the atoms of one orbit are too close to those of each, over all their atoms."""
    for other in range(len(counts)):
        out[other] = multiplicities[orbit] * closeness(
            atoms[orbit, 0], atoms[other], counts[other], centrings, lattice, steps, limits[orbit, other]
        )
        if other != orbit:
            # two orbits in one place: none of the distances above counts, so that the whole of it does
            same = np.empty(3)
            for j in range(counts[other]):
                for c in range(len(centrings)):
                    largest = 0.0
                    for axis in range(3):
                        same[axis] = atoms[other, j, axis] + centrings[c, axis] - atoms[orbit, 0, axis]
                        largest = max(largest, abs(same[axis] - np.round(same[axis])))
                    if largest < 1e-4:
                        out[other] += multiplicities[orbit]


@njit(cache=True, nogil=True)
def anneal(
    rng, moves, start, from_start, hot, cold, long_step, short_step, anywhere, contact_weight,
    origins, directions, free, rotations, translations, counts, multiplicities, swaps, limits,
    hkl, forms, multiplicity, line_of, scale_of_line, band, right, total, least, centrings, lattice, steps, waves, best,
):  # fmt: skip
    """Search for the coordinates of orbits from a random start, or from given ones.

    Args:
        rng: random numbers. moves: how many.
        start: (orbits, 3) coordinates, taken where `from_start`.
        hot, cold: temperatures at first and last. long_step, short_step: in Å, the same. anywhere: share of moves that
            put an orbit anywhere at first. contact_weight: of atoms that stand too close.
        origins (orbits, 3), directions (orbits, 3, 3), free (orbits,): of the positions.
        rotations (orbits, k, 3, 3), translations (orbits, k, 3), counts (orbits,): their images.
        multiplicities (orbits,): atoms in the conventional cell.
        swaps: (pairs, 2) orbits of different elements on one position.
        limits: (orbits, orbits) shortest distances in Å.
        hkl (n, 3), forms (orbits, n), multiplicity (n,), line_of (n,): of reflections, and scale_of_line (lines,).
        band, right, total, least: of the observed lines. centrings, lattice, steps: of the cell. waves: `WAVES`.
        best: (orbits, 3) overwritten with the best coordinates.

    Returns:
        (share left, crowding an atom) of the best coordinates.
    """
    orbits, n = len(origins), len(hkl)
    atoms = np.zeros((orbits, rotations.shape[1], 3))
    parts, sums = np.zeros((orbits, n, 2)), np.zeros((n, 2))
    trial, trial_atoms = np.zeros((2, n, 2)), np.zeros((2, rotations.shape[1], 3))
    intensity = np.zeros(len(scale_of_line))
    close, row = np.zeros((orbits, orbits)), np.zeros((2, orbits))
    at = start.copy()
    all_atoms = multiplicities.sum()
    lengths = np.zeros((orbits, 3))
    movable = np.zeros(orbits, np.int64)
    n_movable = 0
    for i in range(orbits):
        if free[i]:
            movable[n_movable] = i
            n_movable += 1
        for j in range(free[i]):
            square = 0.0
            for axis in range(3):
                x = 0.0
                for k in range(3):
                    x += directions[i, k, j] * lattice[k, axis]
                square += x * x
            lengths[i, j] = np.sqrt(square)
            if not from_start:
                at[i, j] = rng.random()
        place_orbit(origins[i], directions[i], free[i], rotations[i], translations[i], counts[i], at[i], atoms[i])
        structure_factors(hkl, forms[i], atoms[i], counts[i], waves, parts[i])
        sums += parts[i]
    for i in range(orbits):
        crowding(i, atoms, counts, multiplicities, limits, centrings, lattice, steps, close[i])
    left = share_left(sums, multiplicity, line_of, scale_of_line, band, right, total, least, intensity)
    crowd = close.sum() / all_atoms
    now = left + contact_weight * crowd
    best[:] = at
    best_now, best_left, best_crowd = now, left, crowd
    if n_movable == 0:
        return best_left, best_crowd
    kept = np.zeros((2, 3))
    for move in range(moves):
        done = move / moves
        heat = hot * (cold / hot) ** done
        step_A = long_step * (short_step / long_step) ** done
        one = movable[int(rng.random() * n_movable)]
        two = -1
        kept[0] = at[one]
        if len(swaps) and rng.random() < 0.08:
            pair = int(rng.random() * len(swaps))
            one, two = swaps[pair, 0], swaps[pair, 1]
            kept[0], kept[1] = at[one], at[two]
            at[one], at[two] = kept[1].copy(), kept[0].copy()
        elif rng.random() < anywhere * (1 - done):
            for j in range(free[one]):
                at[one, j] = rng.random()
        else:
            for j in range(free[one]):
                at[one, j] += rng.normal() * step_A / lengths[one, j]
        trial_sums = sums.copy()
        for turn in range(1 if two < 0 else 2):
            i = one if turn == 0 else two
            trial_atoms[turn] = atoms[i]
            place_orbit(origins[i], directions[i], free[i], rotations[i], translations[i], counts[i], at[i], atoms[i])
            structure_factors(hkl, forms[i], atoms[i], counts[i], waves, trial[turn])
            for k in range(n):
                trial_sums[k, 0] += trial[turn, k, 0] - parts[i, k, 0]
                trial_sums[k, 1] += trial[turn, k, 1] - parts[i, k, 1]
        new_crowd = crowd
        for turn in range(1 if two < 0 else 2):
            i = one if turn == 0 else two
            crowding(i, atoms, counts, multiplicities, limits, centrings, lattice, steps, row[turn])
            for j in range(orbits):
                if turn == 1 and j == one:
                    continue
                change = row[turn, j] - close[i, j]
                new_crowd += (change if j == i else 2 * change) / all_atoms
        new_left = share_left(trial_sums, multiplicity, line_of, scale_of_line, band, right, total, least, intensity)
        new = new_left + contact_weight * new_crowd
        if new < now or rng.random() < np.exp((now - new) / heat):
            now, left, crowd = new, new_left, new_crowd
            sums = trial_sums
            for turn in range(1 if two < 0 else 2):
                i = one if turn == 0 else two
                parts[i] = trial[turn]
                for j in range(orbits):
                    close[i, j] = row[turn, j]
                    close[j, i] = row[turn, j]
            if now < best_now:
                best_now, best_left, best_crowd = now, left, crowd
                best[:] = at
        else:
            for turn in range(1 if two < 0 else 2):
                i = one if turn == 0 else two
                at[i] = kept[turn]
                atoms[i] = trial_atoms[turn]
    return best_left, best_crowd
