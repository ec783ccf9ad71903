using T5GemmaSharp.Training.Teachers;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What a command line asks <c>distill-targets</c> to do.</summary>
internal sealed record TeacherRecordingRequest
{
    /// <summary>Folder of the teacher.</summary>
    public required string Model { get; init; }

    public required string Device { get; init; }

    public required string DType { get; init; }

    /// <summary>Files with the examples.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>How examples are made of the files.</summary>
    public required ExampleRequest Examples { get; init; }

    /// <summary>Divisor of the teacher's logits.</summary>
    public required double Temperature { get; init; }

    public required StoredTeacherOptions Options { get; init; }

    /// <summary>The file to write.</summary>
    public required string Output { get; init; }
}
