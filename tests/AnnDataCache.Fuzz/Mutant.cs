using System.Buffers.Binary;

namespace AnnDataCache.Fuzz;

/// <summary>One change of a file: bytes that are put over those at an offset, or where the file is cut.</summary>
internal readonly record struct Edit(int Offset, byte[] Bytes, bool Cuts)
{
    public override string ToString() => Cuts ? $"cut at {Offset}" : $"{Offset}: {Convert.ToHexString(Bytes)}";
}

/// <summary>A damaged file, made from a number alone: the same number gives the same bytes.</summary>
internal sealed class Mutant
{
    private const int StructureReach = 160;

    private readonly List<Edit> _edits = [];

    private DamagedStore? _store;
    private byte[]? _bytes;

    private Mutant(SeedFile seed) => Seed = seed;

    internal SeedFile Seed { get; }

    /// <summary>With how many threads it is read: some chunks come another way when there is a second one.</summary>
    internal int Workers { get; private init; }

    internal IReadOnlyList<Edit> Edits => _edits;

    internal static Mutant Make(IReadOnlyList<SeedFile> seeds, int run, long number)
    {
        Random random = new(unchecked((int)((number * 0x9E3779B1L) ^ (run * 0x85EBCA77L))));
        Mutant mutant = new(seeds[random.Next(seeds.Count)]) { Workers = 1 + (int)(number & 1) };
        if (mutant.Seed.Store is { } store)
        {
            mutant._store = StoreDamage.Make(store, random);
            return mutant;
        }

        for (int edits = 1 + random.Next(6); edits > 0; edits--) { mutant._edits.Add(mutant.Damage(random)); }
        return mutant;
    }

    /// <summary>The same seed with other edits, as when they are tried without one of them.</summary>
    internal Mutant With(IEnumerable<Edit> edits)
    {
        Mutant other = new(Seed) { _store = _store, Workers = Workers };
        other._edits.AddRange(edits);
        return other;
    }

    /// <summary>Writes it where a reader finds it: a file, or a folder of files.</summary>
    internal void Write(string path)
    {
        if (Directory.Exists(path)) { Directory.Delete(path, recursive: true); }
        if (_store is not null) { _store.Write(path); }
        else { File.WriteAllBytes(path, _bytes ??= ToBytes()); }
    }

    /// <summary>Puts a checksum that the damage does not fit right, so that what lies behind it is reached.</summary>
    /// <param name="address">Where the structure is that it belongs to.</param>
    /// <param name="stored">The checksum's bytes.</param>
    /// <param name="computed">Those that it must have.</param>
    /// <returns>False when it was not found.</returns>
    internal bool Repair(long address, byte[] stored, byte[] computed)
    {
        if (_store is not null) { return _store.Repair(stored, computed); }
        int found = address < _bytes!.Length ? _bytes.AsSpan((int)address).IndexOf(stored) : -1;
        if (found < 0) { return false; }
        computed.CopyTo(_bytes, (int)address + found);
        return true;
    }

    private byte[] ToBytes()
    {
        byte[] bytes = [.. Seed.Bytes];
        foreach (Edit edit in _edits)
        {
            if (edit.Cuts) { bytes = bytes[..Math.Min(edit.Offset, bytes.Length)]; }
            else if (edit.Offset < bytes.Length) { edit.Bytes.AsSpan(0, Math.Min(edit.Bytes.Length, bytes.Length - edit.Offset)).CopyTo(bytes.AsSpan(edit.Offset)); }
        }

        return bytes;
    }

    /// <summary>Mostly inside structures, at fields of the widths that the format has; now and then in the data, or a cut.</summary>
    private Edit Damage(Random random)
    {
        byte[] bytes = Seed.Bytes;
        int at = random.Next(8) == 0 ? random.Next(bytes.Length) : Near(random, Seed.Structures[random.Next(Seed.Structures.Count)]);
        switch (random.Next(12))
        {
            case 0: return new Edit(random.Next(4) == 0 ? random.Next(bytes.Length) : at, [], Cuts: true);
            case 1: return new Edit(at, [(byte)(bytes[at] ^ (1 << random.Next(8)))], Cuts: false);
            case 2: return new Edit(at, [(byte)random.Next(256)], Cuts: false);
            case 3: // one structure over another: overlaps, wrong kinds, cycles
                int from = Seed.Structures[random.Next(Seed.Structures.Count)];
                int to = Seed.Structures[random.Next(Seed.Structures.Count)];
                return new Edit(to, bytes[from..Math.Min(bytes.Length, from + 8 + random.Next(StructureReach))], Cuts: false);
            case 4: // an address of another structure: trees that meet themselves, chunks that overlap
                return Field(at & ~7, 8, Seed.Structures[random.Next(Seed.Structures.Count)]);
            case 5: // a little more or less than it was
                int width = 1 << random.Next(4);
                return Field(at, width, Value(bytes, at, width) + random.Next(-3, 4));
            case 6: return Field(at, 8, unchecked((long)0xFFFF_FFFF_FFFF_FFFF));
            case 7: return new Edit(at, new byte[1 + random.Next(16)], Cuts: false);
            default: return Field(at, 1 << random.Next(4), Interesting(random, bytes.Length));
        }
    }

    private int Near(Random random, int structure) => Math.Min(Seed.Bytes.Length - 1, structure + random.Next(StructureReach));

    internal static long Interesting(Random random, int length) => random.Next(14) switch
    {
        0 => 0, 1 => 1, 2 => -1, 3 => 0x7F, 4 => 0x80, 5 => 0x7FFF, 6 => 0xFFFF, 7 => int.MaxValue, 8 => uint.MaxValue,
        9 => long.MaxValue, 10 => length, 11 => length - 1, 12 => 1L << random.Next(63), _ => random.NextInt64(),
    };

    private static long Value(byte[] bytes, int at, int width)
    {
        Span<byte> value = stackalloc byte[8];
        value.Clear();
        bytes.AsSpan(at, Math.Min(width, bytes.Length - at)).CopyTo(value);
        return BinaryPrimitives.ReadInt64LittleEndian(value);
    }

    private static Edit Field(int at, int width, long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return new Edit(at, bytes[..width], Cuts: false);
    }
}
