using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Where answers go: a file, or standard output.</summary>
/// <param name="file">The file; null: standard output.</param>
/// <param name="format">How they are written.</param>
/// <param name="cut">Takes account of each answer.</param>
internal sealed class AnswerOutput(AnswerFile? file, AnswerFormat format, CutAnswers cut)
{
    /// <summary>Whether nobody reads the answers any more.</summary>
    public bool IsClosed => file is null && LineOutput.IsStandardOutputClosed();

    public void Write(Answer answer)
    {
        cut.Add(answer.Ids, answer.FinishReason);
        var line = answer.Write(format);
        if (file is null)
            Console.Out.WriteLine(line);
        else
            file.WriteLine(line);
    }

    /// <summary>Passes what was written on, so that a peer gets it and no crash loses it.</summary>
    public void Flush()
    {
        if (file is null)
            Console.Out.Flush();
        else
            file.Flush();
    }
}
