namespace T5GemmaSharp.Training.Distributed;

/// <summary>Slurm's compact lists of machines: <c>node[01-04,07],login1</c>.</summary>
internal static class SlurmNodes
{
    /// <summary>The first machine of a list; null: there is none.</summary>
    public static string? First(string? list)
    {
        if (string.IsNullOrEmpty(list))
            return null;
        var open = list.IndexOf('[', StringComparison.Ordinal);
        var end = list.IndexOf(',', StringComparison.Ordinal);
        if (open < 0 || (end >= 0 && end < open))
            return end < 0 ? list : list[..end];
        var close = list.IndexOf(']', open);
        var number = list[(open + 1)..(close < 0 ? list.Length : close)].Split(',', '-')[0];
        var rest = close < 0 ? "" : list[(close + 1)..].Split(',')[0]; // node[01-04]-ib
        return list[..open] + number + rest;
    }
}
