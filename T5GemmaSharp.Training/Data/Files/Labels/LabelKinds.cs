using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>Finds out what kind of problem labels are of while rows come.</summary>
/// <param name="hasTable">Whether the classes are given, so that no number is to be predicted.</param>
internal sealed class LabelKinds(bool hasTable)
{
    private bool _hasNames;

    /// <summary>The problem so far; null: no row has come.</summary>
    public ProblemType? Problem { get; private set; }

    /// <summary>Takes the next label into account.</summary>
    /// <exception cref="FormatException">It does not go with those before it.</exception>
    public void Add(RowLabel label)
    {
        if (label.Value is not null && hasTable)
            throw new FormatException($"label: expected a class, since the classes are given, got the number {label.Value}");
        var problem = label.Classes is not null ? ProblemType.MultiLabelClassification
            : label.Value is not null ? ProblemType.Regression
            : ProblemType.SingleLabelClassification;
        Problem = (Problem, problem) switch
        {
            (null, _) => problem,
            var (before, now) when before == now => problem,

            // Writers of JSON leave the point of 5.0 out.
            (ProblemType.Regression, ProblemType.SingleLabelClassification) when label.Id is not null => ProblemType.Regression,
            (ProblemType.SingleLabelClassification, ProblemType.Regression) when !_hasNames => ProblemType.Regression,
            _ => throw new FormatException($"label: expected {Named(Problem!.Value)} as in the rows before, got {Named(problem)}"), // null is the first case
        };
        _hasNames |= label.Name is not null;
    }

    private static string Named(ProblemType problem) => problem switch
    {
        ProblemType.Regression => "a number",
        ProblemType.MultiLabelClassification => "a list of classes",
        _ => "a class",
    };
}
