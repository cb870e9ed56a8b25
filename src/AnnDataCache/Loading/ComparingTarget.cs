using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>Takes what would be written into a part, and compares it with a part that is there. Nothing is stored.</summary>
internal sealed class ComparingTarget : ByteTarget
{
    private readonly MappedFile _part;
    private long _difference = long.MaxValue;

    private ComparingTarget(MappedFile part) => _part = part;

    /// <summary>Fills a draft once more, and says where the part is another one, or null.</summary>
    /// <param name="part">Pinned.</param>
    /// <param name="draft">Of the same part, from what it was made of.</param>
    /// <param name="context">Workers and cancellation.</param>
    internal static string? FindDifference(PartView part, PartDraft draft, ReadContext context)
    {
        PartPlan plan = PartPlan.Create(draft.Layout);
        ComparingTarget target = new(part.Mapping);
        draft.Fill(target, context); // to its end also where lengths differ: it may fail, and be drafted anew
        plan.WriteFraming(target);
        return plan.FileLength != part.Mapping.Length
            ? $"it has {part.Mapping.Length:N0} bytes where {plan.FileLength:N0} are made of its source"
            : target._difference == long.MaxValue ? null : $"its bytes from {target._difference:N0} on are not those that are made of its source";
    }

    internal override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        int inside = (int)Math.Clamp(_part.Length - offset, 0, bytes.Length);
        int same = inside == 0 ? 0 : bytes.CommonPrefixLength(_part.Span(offset, inside));
        if (same == bytes.Length) { return; }
        long difference = offset + same, first = Volatile.Read(ref _difference);
        while (difference < first)
        {
            long seen = Interlocked.CompareExchange(ref _difference, difference, first);
            if (seen == first) { return; }
            first = seen;
        }
    }
}
