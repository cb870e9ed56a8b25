using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Parts;

namespace AnnDataCache.Fuzz;

/// <summary>Reads a file as a load of all elements does: the tree, the content of each element, the bytes of its part.</summary>
internal sealed partial class Reading(ReadContext context)
{
    /// <summary>A part that would be larger is planned, and not filled: its reservation would be what refuses it.</summary>
    private const long MaxPart = 64L << 20;

    /// <summary>Structures end with a checksum; this often the damage is made to agree with it.</summary>
    private const int MaxRepairs = 8;

    private readonly List<string> _refusals = [];

    internal int Elements { get; private set; }

    internal int Refused => _refusals.Count;

    /// <summary>Reads a mutant; checksums that do not fit are put right, so that what lies behind them is reached.</summary>
    /// <param name="mutant">The damaged file; its checksums are corrected in place.</param>
    /// <param name="path">Where it is written for the reader.</param>
    /// <exception cref="Exception">Anything but what a reader may throw: that is a finding.</exception>
    internal static Reading Run(Mutant mutant, string path)
    {
        for (int repairs = 0; ; repairs++)
        {
            mutant.Write(path);
            Reading reading = new(ReadContext.Default with { Workers = mutant.Workers });
            reading.ReadAll(path);
            if (repairs == MaxRepairs || !reading.RepairChecksums(mutant)) { return reading; }
        }
    }

    private void ReadAll(string path)
    {
        try
        {
            using ContainerFile file = SourceContainer.Open(path);
            ContainerGroup root = TenXMatrix.AsAnnData(file.Root);
            ElementInfo tree = ElementTree.Describe(root, root, "", null, withValues: true);
            ElementInfo read = TreeJson.Read(TreeJson.Write(tree));
            if (read.SelfAndDescendants().Count() != tree.SelfAndDescendants().Count()) { throw new InvalidOperationException("The tree's JSON lost elements."); }
            foreach (ElementInfo info in tree.SelfAndDescendants())
            {
                Elements++;
                if (info.Reason is { } reason) { _refusals.Add(reason); }
                else if (info.PartPath == info.Path) { Load(root, info); }
            }
        }
        catch (Exception refused) when (MayThrow(refused))
        {
            _refusals.Add(refused.Message);
        }
    }

    private void Load(ContainerGroup root, ElementInfo info)
    {
        Dictionary<string, string> failed = new(StringComparer.Ordinal);
        bool trustLengths = true;
        for (int attempt = 0; attempt <= info.Children.Count + 1; attempt++)
        {
            try
            {
                ElementDraft draft = ElementDraft.Of(ContentReader.Read(root, info, failed), "fuzz.h5ad", failed, context, trustLengths);
                PartPlan plan = PartPlan.Create(draft.Layout);
                if (plan.FileLength > MaxPart) { return; }
                BoundedTarget target = new(plan.FileLength);
                draft.Fill(target, context);
                plan.WriteFraming(target);
                return;
            }
            catch (ColumnException column)
            {
                _refusals.Add(column.Message);
                if (!failed.TryAdd(column.Column, column.Message)) { throw; }
            }
            catch (ShortStringsException) when (trustLengths)
            {
                trustLengths = false;
            }
            catch (Exception refused) when (MayThrow(refused))
            {
                _refusals.Add(refused.Message);
                return;
            }
        }
    }

    /// <summary>What a damaged file may cause.</summary>
    private static bool MayThrow(Exception error) => ContainerException.IsDamage(error) || error is CodecException or CacheException;

    private bool RepairChecksums(Mutant mutant)
    {
        bool repaired = false;
        foreach (Match match in _refusals.Select(refusal => Mismatch().Match(refusal)).Where(match => match.Success))
        {
            Group at = match.Groups["at"];
            long address = at.Success ? long.Parse(at.ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : 0;
            repaired |= mutant.Repair(address, Number(match.Groups["stored"].ValueSpan), Number(match.Groups["computed"].ValueSpan));
        }

        return repaired;

        static byte[] Number(ReadOnlySpan<char> hex)
        {
            byte[] number = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(number, uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            return number;
        }
    }

    [GeneratedRegex("(at (?<at>[0-9,]+) )?has checksum (?<computed>[0-9A-F]{8}); (?<stored>[0-9A-F]{8}) is stored")]
    private static partial Regex Mismatch();

    /// <summary>Takes a part's bytes, and minds that all of them lie inside it.</summary>
    private sealed class BoundedTarget(long length) : ByteTarget
    {
        private byte _sum;

        internal override void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length - bytes.Length);
            foreach (byte value in bytes) { _sum += value; } // touches what was handed over, as a copy would
        }
    }
}
