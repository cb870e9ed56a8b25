using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AnnDataCache.Codecs;

// Szip: the lossless coder of CCSDS 121.0-B, as HDF5 frames it
//
// Four bytes, little-endian, say how many bytes come out; the coder's bits follow. Samples are coded in scanlines, each in
// blocks of a fixed number of samples; a last block that the scanline does not fill is padded by samples that are dropped
// here. A block starts with a number that says how it is coded:
//
//   0      then one bit: 0, blocks whose samples are all zero, in a run; 1, pairs of samples as one count each
//   all 1  the samples as they are
//   other  each sample's upper part as a count of zeros, then the lower (number - 1) bits of all of them
//
// With the nearest-neighbour option a scanline's first sample is stored as it is, inside its first block, and every other
// is the difference from the one before, folded so that small ones of either sign are small numbers. Values of 32 and 64
// bits are coded as samples of 8: first the first byte of all values, then the second of all, and so on.

/// <summary>HDF5's filter 4.</summary>
internal static class Szip
{
    /// <summary>Bytes that one stored byte can become at most: a segment of zero blocks takes more than 8 bits.</summary>
    internal const long MaxGrowth = SegmentBlocks * MaxBlock * sizeof(uint);

    private const int MaxBlock = 32, MaxScanlineBlocks = 128, SegmentBlocks = 64;
    private const uint MostSignificantFirst = 16, NearestNeighbour = 32;

    // In a run of zero blocks, this count means all that is left of the segment; larger ones stand for one less.
    private const uint RestOfSegment = 5;

    /// <summary>Decodes a chunk.</summary>
    /// <param name="source">The chunk as stored.</param>
    /// <param name="destination">Receives the values, in the byte order in which the filter got them.</param>
    /// <param name="clientData">Options, samples per block, bits per value, samples per scanline.</param>
    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination, ReadOnlySpan<uint> clientData)
    {
        Coding coding = Coding.Parse(clientData);
        if (source.Length < sizeof(uint))
        {
            throw new CodecException($"An szip chunk of {source.Length} bytes is shorter than its 4-byte length.");
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        if (length > (uint)destination.Length || length % (coding.SampleBytes * coding.Planes) != 0)
        {
            throw new CodecException($"An szip chunk of {length} bytes does not fit the {destination.Length} of the "
                + $"destination, or is not whole values of {coding.SampleBytes * coding.Planes}.");
        }

        BitReader bits = new(source[sizeof(uint)..], "szip");
        Span<uint> scanline = stackalloc uint[MaxScanlineBlocks * MaxBlock];
        scanline = scanline[..(coding.ScanlineBlocks * coding.Block)];
        destination = destination[..(int)length];
        int count = destination.Length / coding.SampleBytes;
        for (int first = 0; first < count; first += coding.Scanline)
        {
            Span<uint> samples = scanline[..Math.Min(coding.Scanline, count - first)];
            DecodeScanline(ref bits, scanline, samples.Length, coding);
            if (coding.IsPredicted) { Unfold(samples, coding.Largest); }
            Store(samples, destination, first, coding);
        }

        return destination.Length;
    }

    /// <summary>Decodes blocks until there are as many samples as wanted.</summary>
    private static void DecodeScanline(ref BitReader bits, scoped Span<uint> scanline, int wanted, in Coding coding)
    {
        int at = 0;
        while (at < wanted)
        {
            int mode = (int)bits.Read(coding.ModeBits);
            bool isLow = mode == 0, isPaired = isLow && bits.Read(1) != 0;
            int end = at + coding.Block;
            bool isRaw = mode == (1 << coding.ModeBits) - 1;
            bool hasReference = at == 0 && coding.IsPredicted && !isRaw;
            if (isLow && !isPaired)
            {
                uint reference = hasReference ? (uint)bits.Read(coding.SampleBits) : 0;
                end = at + (ZeroBlocks(ref bits, at, coding) * coding.Block);
                scanline[at..end].Clear();
                scanline[at] = reference;
                at = end;
                continue;
            }

            Span<uint> block = scanline[at..end];
            if (hasReference) { block[0] = (uint)bits.Read(coding.SampleBits); }
            Span<uint> coded = hasReference ? block[1..] : block;
            if (isRaw)
            {
                foreach (ref uint sample in block) { sample = (uint)bits.Read(coding.SampleBits); }
            }
            else if (isPaired)
            {
                DecodePairs(ref bits, coded, coding.Largest);
            }
            else
            {
                DecodeSplit(ref bits, coded, mode - 1, coding.Largest);
            }

            at = end;
        }
    }

    private static int ZeroBlocks(ref BitReader bits, int at, in Coding coding)
    {
        int block = at / coding.Block, left = coding.ScanlineBlocks - block;
        uint count = bits.ReadZeros(MaxScanlineBlocks) + 1;
        if (count == RestOfSegment) { return Math.Min(left, SegmentBlocks - (block % SegmentBlocks)); }
        count -= count > RestOfSegment ? 1u : 0;
        return count <= (uint)left ? (int)count : throw new CodecException(
            $"A run of {count} szip blocks of zeros does not fit the scanline: {left} of {coding.ScanlineBlocks} are left.");
    }

    /// <summary>A count m stands for the pairs in the order of their sums: m = s(s + 1)/2 + second, s = first + second.</summary>
    private static void DecodePairs(ref BitReader bits, scoped Span<uint> samples, uint largest)
    {
        // Where the block starts with a reference, that sample takes the place of the first of its pair.
        int at = -(samples.Length & 1);
        for (; at < samples.Length; at += 2)
        {
            uint count = bits.ReadZeros(int.MaxValue);
            uint sum = (uint)((Math.Sqrt((8.0 * count) + 1) - 1) / 2);
            uint second = count - (uint)((ulong)sum * (sum + 1) / 2), first = sum - second;
            if (at >= 0) { samples[at] = Checked(first, largest); }
            samples[at + 1] = Checked(second, largest);
        }
    }

    private static void DecodeSplit(ref BitReader bits, scoped Span<uint> samples, int lowBits, uint largest)
    {
        uint limit = largest >> lowBits;
        foreach (ref uint sample in samples) { sample = bits.ReadZeros(limit) << lowBits; }
        if (lowBits == 0) { return; }
        foreach (ref uint sample in samples) { sample = Checked(sample | (uint)bits.Read(lowBits), largest); }
    }

    /// <summary>Replaces differences by what they are differences of. All stays within 0 and <paramref name="largest"/>.</summary>
    private static void Unfold(Span<uint> samples, uint largest)
    {
        uint previous = samples[0];
        foreach (ref uint sample in samples[1..])
        {
            // Differences that are possible to both sides alternate in sign; beyond them only one side has room.
            uint folded = sample, room = largest - previous;
            uint bothSides = Math.Min(previous, room);
            sample = folded > 2 * bothSides
                ? (room < previous ? largest - folded : folded)
                : previous + ((folded >> 1) ^ (0 - (folded & 1)));
            previous = sample;
        }
    }

    private static void Store(ReadOnlySpan<uint> samples, Span<byte> destination, int first, in Coding coding)
    {
        if (coding.Planes > 1)
        {
            int values = destination.Length / coding.Planes;
            int plane = first / values, value = first % values;
            foreach (uint sample in samples)
            {
                destination[(value * coding.Planes) + plane] = (byte)sample;
                if (++value == values) { (value, plane) = (0, plane + 1); }
            }

            return;
        }

        Span<byte> target = destination.Slice(first * coding.SampleBytes, samples.Length * coding.SampleBytes);
        switch (coding.SampleBytes)
        {
            case 1:
                for (int i = 0; i < samples.Length; i++) { target[i] = (byte)samples[i]; }
                break;
            case 2:
                for (int i = 0; i < samples.Length; i++)
                {
                    ushort sample = (ushort)samples[i];
                    MemoryMarshal.Write(
                        target[(2 * i)..], coding.IsSwapped ? BinaryPrimitives.ReverseEndianness(sample) : sample);
                }

                break;
            default:
                Debug.Assert(coding.SampleBytes == 4);
                for (int i = 0; i < samples.Length; i++)
                {
                    MemoryMarshal.Write(
                        target[(4 * i)..],
                        coding.IsSwapped ? BinaryPrimitives.ReverseEndianness(samples[i]) : samples[i]);
                }

                break;
        }
    }

    private static uint Checked(uint sample, uint largest) => sample <= largest
        ? sample
        : throw new CodecException($"An szip sample decodes to {sample}; {largest} is the largest of its width.");

    /// <summary>What the filter's parameters say.</summary>
    private readonly record struct Coding(
        int Block, int Scanline, int SampleBits, int Planes, bool IsPredicted, bool IsBigEndian)
    {
        internal int ScanlineBlocks => (Scanline + Block - 1) / Block;

        internal int SampleBytes => SampleBits > 16 ? 4 : SampleBits > 8 ? 2 : 1;

        internal int ModeBits => SampleBits > 16 ? 5 : SampleBits > 8 ? 4 : 3;

        internal uint Largest => (1u << SampleBits) - 1;

        internal bool IsSwapped => IsBigEndian == BitConverter.IsLittleEndian;

        internal static Coding Parse(ReadOnlySpan<uint> clientData)
        {
            if (clientData.Length < 4)
            {
                throw new CodecException($"The szip filter has {clientData.Length} of its 4 parameters.");
            }

            uint options = clientData[0], block = clientData[1], bits = clientData[2], scanline = clientData[3];
            bool isInPlanes = bits is 32 or 64;
            if (block is 0 or > MaxBlock || block % 2 != 0 || !(bits is >= 1 and <= 24 || isInPlanes)
                || scanline == 0 || scanline > MaxScanlineBlocks * block)
            {
                throw new CodecException($"The szip filter cannot have blocks of {block} samples (even, at most {MaxBlock}) "
                    + $"of {bits} bits (1 to 24, 32, 64) in scanlines of {scanline} (at most {MaxScanlineBlocks} blocks).");
            }

            return new Coding(
                (int)block,
                (int)scanline,
                isInPlanes ? 8 : (int)bits,
                isInPlanes ? (int)bits / 8 : 1,
                (options & NearestNeighbour) != 0,
                (options & MostSignificantFirst) != 0);
        }
    }
}
