namespace AnnDataCache.Codecs;

/// <summary>An entry of a decoding table: all that the next bits of the input say when a code begins there.</summary>
/// <remarks>
/// Three fields say what to cut out of the bits, in the form that the instruction for it takes: how many bits to skip in the low byte, how
/// many to take in the high byte. Each field is loaded by itself, so that the next index is there one instruction after the entry.
/// </remarks>
internal struct InflateEntry
{
    /// <summary>In <see cref="Value"/>, in the table of literals and lengths.</summary>
    internal const int Literal = 1 << 15;

    /// <summary>In <see cref="Extra"/>: not a whole literal, length or distance.</summary>
    internal const int Exceptional = 1 << 15;

    /// <summary>The <see cref="Value"/> of exceptional entries; a greater one is the place of a subtable.</summary>
    internal const int NoSymbol = 0, EndOfBlock = 1;

    /// <summary>Skips a literal's code and nothing else, and takes an index of the table of literals and lengths.</summary>
    internal ushort Guess;

    /// <summary>Skips the code and its extra bits, and takes an index of the table in which to look next.</summary>
    internal ushort Next;

    /// <summary>Skips the code, and takes its extra bits.</summary>
    internal ushort Extra;

    /// <summary>The literal; or base of the length or distance; or what is exceptional.</summary>
    internal ushort Value;

    /// <summary>The code of <paramref name="length"/> bits is known.</summary>
    internal readonly InflateEntry WithCode(int length)
    {
        InflateEntry entry = this;
        entry.Next += (ushort)length;
        entry.Extra += (ushort)length;
        entry.Guess += (ushort)(IsLiteral ? length : 0);
        return entry;
    }

    /// <summary>How many bits to consume.</summary>
    internal readonly int Bits => Next & 0xFF;

    internal readonly bool IsLiteral => (Value & Literal) != 0;

    internal readonly bool IsExceptional => (Extra & Exceptional) != 0;

    internal readonly bool IsSubtable => IsExceptional && Value > EndOfBlock;

    /// <summary>The place of an entry of the subtable, by the bits after those that led to it.</summary>
    internal readonly ulong InSubtable(ulong bits) => Value + (bits & (1UL << (Next >> 8)) - 1);

    /// <summary>A length or distance, by the bits that begin with its code.</summary>
    internal readonly int Sum(ulong bits) => (int)(Value + (bits >> (Extra & 0xFF) & (1UL << (Extra >> 8)) - 1));
}
